/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Overlays in a folder, made and written by the real qemu-img and qemu-io. */
#include "config.h"

#include "tests/unit/unit.h"

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

static int
tear_down(void **state)
{
    Fixture *f = *state;

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
    assert_in_range(pup_overlay_used_percent(f->overlay), PUP_OVERLAY_FULL_PERCENT, 100);
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
        cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leak, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
