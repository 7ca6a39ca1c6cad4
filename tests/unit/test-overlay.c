/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Overlays in a folder, made and written by the real qemu-img and qemu-io. */
#include "config.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/mount.h>

#include "client-image/seat/child.h"
#include "client-image/seat/overlay.h"

#define DISK_BYTES (8u * 1024u * 1024u)
/* With an overlay of one cluster it fills 4 MiB, but for what a new overlay needs. */
#define BALLAST_BYTES (3690u * 1024u)
#define BACKING "nbd+unix:///1?socket=/nonexistent"

typedef struct {
    char *folder;
    PupOverlay *overlay;
    PupName one, two;
    char *path;          /* $PATH, while qemu-img is broken */
    GSubprocess *writer; /* that has the overlay open */
} Fixture;

static int
set_up(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    GError *error = NULL;

    f->folder = unit_make_dir();
    f->overlay = pup_overlay_new(f->folder, "/nonexistent", 0, &error);
    unit_assert_no_error(error);
    pup_name_of("1", 1, &f->one);
    pup_name_of("2", 1, &f->two);
    *state = f;
    return 0;
}

/* From now on somebody kills qemu-img before it has done anything. */
static void
break_qemu_img(Fixture *f)
{
    static const char script[] = "#!/bin/sh\nkill -9 $$\n";
    g_autofree char *program = g_build_filename(f->folder, "qemu-img", NULL);

    assert_true(g_file_set_contents(program, script, -1, NULL));
    assert_return_code(g_chmod(program, 0755), errno);
    f->path = g_strdup(g_getenv("PATH"));
    g_setenv("PATH", f->folder, TRUE);
}

static void
mend_qemu_img(Fixture *f)
{
    if (f->path)
        g_setenv("PATH", f->path, TRUE);
    g_clear_pointer(&f->path, g_free);
}

/* As a running guest has it. */
static void
open_for_writing(Fixture *f, const char *path)
{
    g_autofree char *socket = g_build_filename(f->folder, "socket", NULL);
    g_autofree char *file = g_strdup_printf(
        "json:{\"driver\":\"qcow2\",\"backing\":null,\"file.filename\":\"%s\"}", path);
    gint64 until_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;

    f->writer = g_subprocess_new(G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL, "qemu-nbd",
                                 "-t", "-k", socket, file, NULL);
    assert_non_null(f->writer);
    while (!g_file_test(socket, G_FILE_TEST_EXISTS)) {
        assert_true(g_get_monotonic_time() < until_us);
        g_usleep(10000);
    }
}

static void
close_again(Fixture *f)
{
    if (f->writer) {
        g_subprocess_force_exit(f->writer);
        g_subprocess_wait(f->writer, NULL, NULL);
    }
    g_clear_object(&f->writer);
}

static int
tear_down(void **state)
{
    Fixture *f = *state;

    mend_qemu_img(f);
    close_again(f);
    pup_overlay_free(f->overlay);
    umount2(f->folder, MNT_DETACH); /* of test_full() */
    unit_remove_dir(f->folder);
    g_free(f);
    return 0;
}

/* Make it, and return what became of what was kept. */
static PupOverlayPast
make(Fixture *f, const PupName *name)
{
    g_autoptr(GError) error = NULL;
    PupOverlayPast past = PUP_OVERLAY_FULL;

    if (!pup_overlay_make(f->overlay, BACKING, DISK_BYTES, name, &past, &error))
        fail_msg("%s", error->message);
    assert_true(g_file_test(pup_overlay_path(f->overlay), G_FILE_TEST_IS_REGULAR));
    return past;
}

/* The guest writes; it has its disk without the stream. */
static void
write_byte(const char *path)
{
    g_autofree char *file = g_strdup_printf(
        "json:{\"driver\":\"qcow2\",\"backing\":null,\"file.filename\":\"%s\"}", path);
    const char *argv[] = {"qemu-io", "-c", "write -P 7 0 64k", file, NULL};
    g_autoptr(GError) error = NULL;

    pup_child_run(argv, &error);
    unit_assert_no_error(error);
}

static goffset
bytes_of(const char *path)
{
    GStatBuf status;

    assert_int_equal(g_stat(path, &status), 0);
    return status.st_size;
}

static guint
n_files(const Fixture *f)
{
    g_autoptr(GDir) dir = g_dir_open(f->folder, 0, NULL);
    guint n = 0;

    while (g_dir_read_name(dir))
        n++;
    return n;
}

static void
test_fresh_each_time(void **state)
{
    Fixture *f = *state;
    goffset empty;

    assert_int_equal(make(f, NULL), PUP_OVERLAY_FRESH);
    empty = bytes_of(pup_overlay_path(f->overlay));
    write_byte(pup_overlay_path(f->overlay));
    assert_int_equal(make(f, NULL), PUP_OVERLAY_FRESH);
    assert_int_equal(bytes_of(pup_overlay_path(f->overlay)), empty);
    pup_overlay_drop(f->overlay);
    assert_int_equal(n_files(f), 0);
}

/* The next guest, and the next start of the PC, find it. */
static void
test_kept(void **state)
{
    Fixture *f = *state;
    GError *error = NULL;
    goffset written;

    assert_true(pup_overlay_can_keep(f->overlay));
    assert_int_equal(make(f, &f->one), PUP_OVERLAY_FRESH);
    write_byte(pup_overlay_path(f->overlay));
    written = bytes_of(pup_overlay_path(f->overlay));
    pup_overlay_drop(f->overlay);
    assert_int_equal(make(f, &f->one), PUP_OVERLAY_AGAIN);
    assert_int_equal(bytes_of(pup_overlay_path(f->overlay)), written);
    pup_overlay_free(f->overlay);
    f->overlay = pup_overlay_new(f->folder, "/nonexistent", 0, &error);
    unit_assert_no_error(error);
    assert_int_equal(make(f, &f->one), PUP_OVERLAY_AGAIN);
    assert_int_equal(bytes_of(pup_overlay_path(f->overlay)), written);
    assert_int_equal(n_files(f), 1);
}

/* Another version, or a room that keeps nothing, ends it; other files are not ours. */
static void
test_another_version(void **state)
{
    Fixture *f = *state;
    g_autofree char *thesis = g_build_filename(f->folder, "thesis.qcow2", NULL);
    g_autofree char *unfinished = NULL;

    assert_true(g_file_set_contents(thesis, "x", 1, NULL));
    make(f, &f->one);
    unfinished = g_strconcat(pup_overlay_path(f->overlay), ".new", NULL);
    assert_true(g_file_set_contents(unfinished, "x", 1, NULL));
    assert_int_equal(make(f, &f->two), PUP_OVERLAY_FRESH);
    assert_int_equal(n_files(f), 2);
    assert_int_equal(make(f, &f->one), PUP_OVERLAY_FRESH);
    assert_int_equal(make(f, NULL), PUP_OVERLAY_FRESH);
    assert_int_equal(n_files(f), 2);
    assert_true(g_file_test(thesis, G_FILE_TEST_EXISTS));
}

static void
test_damaged(void **state)
{
    static const char *const damage[] = {"", "QFI\xfb no more than this",
                                         "no qcow2 at all"};
    Fixture *f = *state;

    make(f, &f->one);
    for (size_t i = 0; i < G_N_ELEMENTS(damage); i++) {
        assert_true(
            g_file_set_contents(pup_overlay_path(f->overlay), damage[i], -1, NULL));
        assert_int_equal(make(f, &f->one), PUP_OVERLAY_DAMAGED);
        write_byte(pup_overlay_path(f->overlay));
        assert_int_equal(make(f, &f->one), PUP_OVERLAY_AGAIN);
    }
}

/* Neither says anything about the file: a check that was ended, as when the PC is
 * switched off meanwhile, and one that could not begin, as a guest still runs. */
static void
test_not_checked(void **state)
{
    Fixture *f = *state;
    PupOverlayPast past;
    GError *error = NULL;
    g_autofree char *path = NULL;
    goffset written;

    make(f, &f->one);
    path = g_strdup(pup_overlay_path(f->overlay));
    write_byte(path);
    written = bytes_of(path);
    break_qemu_img(f);
    assert_false(
        pup_overlay_make(f->overlay, BACKING, DISK_BYTES, &f->one, &past, &error));
    unit_assert_error(&error, PUP_ERROR_BUSY, "signal 9");
    mend_qemu_img(f);
    open_for_writing(f, path);
    assert_false(
        pup_overlay_make(f->overlay, BACKING, DISK_BYTES, &f->one, &past, &error));
    unit_assert_error(&error, PUP_ERROR_BUSY, path);
    close_again(f);
    assert_int_equal(make(f, &f->one), PUP_OVERLAY_AGAIN);
    assert_int_equal(bytes_of(path), written);
}

/* A guest that cannot write would never come up: what fills its place is given up. */
static void
test_full(void **state)
{
    Fixture *f = *state;
    g_autofree char *ballast = g_build_filename(f->folder, "ballast", NULL);
    g_autofree char *bytes = g_malloc0(BALLAST_BYTES);

    if (mount("test", f->folder, "tmpfs", 0, "size=4m") != 0)
        skip();
    assert_int_equal(make(f, &f->one), PUP_OVERLAY_FRESH);
    write_byte(pup_overlay_path(f->overlay));
    assert_int_equal(make(f, &f->one), PUP_OVERLAY_AGAIN);
    assert_true(g_file_set_contents(ballast, bytes, BALLAST_BYTES, NULL));
    assert_true(pup_overlay_is_full(f->overlay));
    assert_int_equal(make(f, &f->one), PUP_OVERLAY_FULL);
}

/* A cluster that nobody uses, as a power cut leaves it, is no damage. */
static void
test_leak(void **state)
{
    Fixture *f = *state;
    g_autofree char *text = NULL;
    gsize len;

    make(f, &f->one);
    assert_true(g_file_get_contents(pup_overlay_path(f->overlay), &text, &len, NULL));
    /* The refcount of the third cluster, in the first block of refcounts. */
    text[2 * 65536 + 2 * 20 + 1] = 1;
    assert_true(
        g_file_set_contents(pup_overlay_path(f->overlay), text, (gssize) len, NULL));
    assert_int_equal(make(f, &f->one), PUP_OVERLAY_AGAIN);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fresh_each_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_version, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_not_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leak, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
