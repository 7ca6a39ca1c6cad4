/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "server/image/chain.h"
#include "server/image/qemu_img.h"
#include "server/image/workshop.h"

static void
info_is_read(void **state)
{
    static const char json[] =
        "{\"virtual-size\": 42949672960, \"filename\": \"a\", \"format\": \"qcow2\","
        " \"actual-size\": 200704, \"backing-filename\": \"../masters/w@3.qcow2\","
        " \"format-specific\": {\"type\": \"qcow2\", \"data\": {\"corrupt\": true,"
        " \"data-file\": \"/etc/shadow\", \"bitmaps\": [{}]}}, \"encrypted\": true,"
        " \"snapshots\": [{}, {}]}";
    g_autoptr(PupImageInfo) info = pup_image_info_parse("a", json, NULL);

    assert_non_null(info);
    assert_string_equal(info->format, "qcow2");
    assert_true(info->virtual_bytes == G_GUINT64_CONSTANT(42949672960));
    assert_int_equal(info->actual_bytes, 200704);
    assert_string_equal(info->backing, "../masters/w@3.qcow2");
    assert_string_equal(info->data_file, "/etc/shadow");
    assert_true(info->encrypted);
    assert_true(info->corrupt);
    assert_int_equal(info->n_snapshots, 2);
    assert_int_equal(info->n_bitmaps, 1);
    assert_null(info->extents[0]);
}

static void
vmdk_extents_are_read(void **state)
{
    static const char json[] =
        "{\"virtual-size\": 1, \"format\": \"vmdk\", \"format-specific\": {\"data\":"
        " {\"extents\": [{\"filename\": \"/a/x-f001.vmdk\"}, {\"filename\": 3},"
        " {\"filename\": \"/etc/passwd\"}]}}}";
    g_autoptr(PupImageInfo) info = pup_image_info_parse("a", json, NULL);

    assert_non_null(info);
    assert_int_equal(g_strv_length(info->extents), 3);
    assert_string_equal(info->extents[0], "/a/x-f001.vmdk");
    assert_string_equal(info->extents[1], "");
    assert_string_equal(info->extents[2], "/etc/passwd");
}

static void
what_is_no_info_is_refused(void **state)
{
    static const char *const rows[] = {
        "", "{", "[]", "3", "{}", "{\"format\": 3}", "{\"virtual-size\": 10}",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(pup_image_info_parse("disk.img", rows[i], &error));
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID));
        assert_non_null(strstr(error->message, "disk.img"));
    }
}

static void
failures_are_told_apart(void **state)
{
    static const struct {
        const char *words;
        PupErrorCode code;
    } rows[] = {
        {"qemu-img: error while writing: No space left on device\n", PUP_ERROR_NO_SPACE},
        {"qemu-nbd: Failed to get shared \"write\" lock\nIs another process using the "
         "image [x]?\n",
         PUP_ERROR_BUSY},
        {"qemu-img: Could not open 'x': Permission denied\n", PUP_ERROR_DENIED},
        {"qemu-img: Could not open 'x': No such file or directory\n",
         PUP_ERROR_NOT_FOUND},
        {"qemu-img: Could not open 'x': Image is not in qcow2 format\n",
         PUP_ERROR_INVALID},
        {"", PUP_ERROR_INVALID},
        {NULL, PUP_ERROR_INVALID},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        pup_child_set_error(&error, "cannot copy 'x'", rows[i].words);
        assert_int_equal(error->code, rows[i].code);
        assert_true(g_str_has_prefix(error->message, "cannot copy 'x': "));
        assert_null(strchr(error->message, '\n'));
    }
}

static void
backing_names_a_master(void **state)
{
    static const struct {
        const char *backing, *name;
        unsigned version;
    } rows[] = {
        {"../masters/win11@3.qcow2", "win11", 3},
        {"../masters/a.b-c@12.qcow2", "a.b-c", 12},
        {"../masters/win11.qcow2", NULL, 0},
        {"../masters/win11@0.qcow2", NULL, 0},
        {"../masters/@3.qcow2", NULL, 0},
        {"../masters/../rooms/x@3.qcow2", NULL, 0},
        {"../masters/.qcow2", NULL, 0},
        {"../masters/qcow2", NULL, 0},
        {"/etc/passwd", NULL, 0},
        {"win11@3.qcow2", NULL, 0},
        {"json:{\"driver\":\"file\"}", NULL, 0},
        {"", NULL, 0},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = NULL;
        unsigned version = 0;
        gboolean parsed = pup_backing_parse_master(rows[i].backing, &name, &version);
        assert_int_equal(parsed, rows[i].name != NULL);
        if (!parsed)
            continue;
        assert_string_equal(name, rows[i].name);
        assert_int_equal(version, rows[i].version);
    }
}

static void
backing_names_a_layer(void **state)
{
    static const char digest[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    g_autofree char *made = pup_backing_layer(digest);
    g_autofree char *read = pup_backing_parse_layer(made);
    static const char *const others[] = {
        "../layers/.qcow2",
        "../layers/abc.qcow2",
        "../masters/win11@3.qcow2",
        "",
        ("../layers/"
         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg.qcow2"),
        "/layers/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.qcow2",
    };

    assert_string_equal(read, digest);
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++)
        assert_null(pup_backing_parse_layer(others[i]));
}

/* Each of them is given up at once, so that nothing of this waits for the pipe. */
static gboolean
ask(unsigned question, const char *path, GError **error)
{
    g_autoptr(GCancellable) given_up = g_cancellable_new();
    g_autoptr(PupImageInfo) info = NULL;
    guint64 end;
    gboolean busy;

    g_cancellable_cancel(given_up);
    switch (question) {
    case 0:
        info = pup_image_info(path, "qcow2", given_up, error);
        return info != NULL;
    case 1:
        return pup_image_data_end(path, "qcow2", &end, given_up, error);
    case 2:
        return pup_image_check(path, "qcow2", given_up, error);
    case 3:
        return pup_image_copy(path, NULL, "/nowhere/a", NULL, NULL, given_up, error);
    case 4:
        return pup_image_compare("/nowhere/a", path, NULL, NULL, given_up, error);
    default:
        return pup_image_is_busy(path, &busy, given_up, error);
    }
}

static void
a_pipe_is_no_image(void **state)
{
    g_autofree char *dir = g_dir_make_tmp("qemu-img-XXXXXX", NULL);
    g_autofree char *pipe = g_build_filename(dir, "lab.qcow2", NULL);
    const struct {
        const char *path, *problem;
    } rows[] = {
        {pipe, "lab.qcow2' is a pipe, not a file"},
        {dir, "' is a folder, not a file"},
        {"/dev/null", "'/dev/null' is a device, not a file"},
    };

    assert_int_equal(mkfifo(pipe, 0600), 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        for (unsigned question = 0; question < 6; question++) {
            g_autoptr(GError) error = NULL;
            assert_false(ask(question, rows[i].path, &error));
            assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID));
            assert_non_null(strstr(error->message, rows[i].problem));
        }
    unlink(pipe);
    rmdir(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info_is_read),
        cmocka_unit_test(vmdk_extents_are_read),
        cmocka_unit_test(what_is_no_info_is_refused),
        cmocka_unit_test(failures_are_told_apart),
        cmocka_unit_test(backing_names_a_master),
        cmocka_unit_test(backing_names_a_layer),
        cmocka_unit_test(a_pipe_is_no_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
