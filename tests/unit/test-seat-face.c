/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the seat says to a screen that listens, starts late, or starts anew. */
#include "config.h"

#include "tests/unit/unit.h"

#include <unistd.h>

#include "client-image/common/notify.h"
#include "client-image/seat/face.h"

#define DEADLINE_S 120
#define MAC "52:54:00:00:00:01"

typedef struct {
    char *dir, *path;
    int fd; /* of the screen; -1: there is none */
    PupFace *face;
} Fixture;

static void
on_told(gpointer user, const PupTold *told)
{
    fail_msg("nobody should ask the server");
}

static void
start_screen(Fixture *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = pup_notify_listen(f->path, NULL);
    assert_true(f->fd >= 0);
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->dir = unit_make_dir();
    f->path = g_build_filename(f->dir, "screen.sock", NULL);
    f->fd = -1;
    f->face = pup_face_new(f->dir, "http://127.0.0.1:9", MAC, "boot", on_told, NULL);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    pup_face_free(f->face);
    if (f->fd >= 0)
        close(f->fd);
    g_free(f->path);
    unit_remove_dir(f->dir);
    g_free(f);
    return 0;
}

/* Check that @line comes next; NULL: nothing is there. */
static void
expect(const Fixture *f, const char *line)
{
    char got[PUP_NOTIFY_MAX + 1];

    if (!pup_notify_receive(f->fd, got)) {
        if (line)
            fail_msg("nothing came, expected '%s'", line);
        return;
    }
    assert_non_null(line);
    assert_string_equal(got, line);
}

/* Check that what comes next begins with @start. */
static void
expect_start(const Fixture *f, const char *start)
{
    char got[PUP_NOTIFY_MAX + 1];

    assert_true(pup_notify_receive(f->fd, got));
    if (!g_str_has_prefix(got, start))
        fail_msg("'%s' does not begin with '%s'", got, start);
}

/* Run the main loop until something comes, and check that it is @line. */
static void
await(const Fixture *f, const char *line)
{
    char got[PUP_NOTIFY_MAX + 1];
    gint64 deadline_us = g_get_monotonic_time() + DEADLINE_S * G_USEC_PER_SEC;

    while (!pup_notify_receive(f->fd, got)) {
        if (g_get_monotonic_time() > deadline_us)
            fail_msg("nothing came, expected '%s'", line);
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(1000);
    }
    assert_string_equal(got, line);
}

static void
test_road_to_the_guest(void **state)
{
    Fixture *f = *state;
    PupTarget target = {(char *) "lab", 7};

    start_screen(f);
    pup_face_working(f->face, PUP_SAY_GETTING_READY, &(PupFacts){.room = "lab"});
    expect(f, "stage Getting ready: lab");
    expect(f, "progress -1");
    pup_face_info(f->face, &target, FALSE);
    expect(f, "info lab@7  ");
    pup_face_guest(f->face, "/run/spice.sock", PUP_USB_STORAGE);
    expect(f, "spice /run/spice.sock storage");
    pup_face_notice(f->face, PUP_NOTICE_FULL, pup_words_new(PUP_SAY_FULL, NULL));
    expect_start(f, "notice This desktop has stopped");
    pup_face_catch(f->face, "F9");
    expect(f, "catch F9");
    pup_face_catch(f->face, "F9");
    expect(f, NULL);
    pup_face_guest_over(f->face);
    expect(f, "notice ");
    expect(f, "catch ");
    pup_face_working(f->face, PUP_SAY_CLEARING, NULL);
    expect(f, "spice-off");
    expect(f, "stage Cleaning up");
    expect(f, "progress -1");
    expect(f, NULL);
}

/* A screen that starts late, or again, hears all that should be on it. */
static void
test_screen_starts_late(void **state)
{
    Fixture *f = *state;

    pup_face_guest(f->face, "/run/spice.sock", PUP_USB_STORAGE);
    pup_face_notice(f->face, PUP_NOTICE_FULL, pup_words_new(PUP_SAY_FULL, NULL));
    pup_face_catch(f->face, "F9");
    for (int i = 0; i < 2; i++) {
        start_screen(f);
        await(f, "spice /run/spice.sock storage");
        expect(f, "info ");
        expect_start(f, "notice This desktop has stopped");
        expect(f, "catch F9");
        expect(f, NULL);
    }
}

/* An error page is not wiped away by each new try, only by one that gets somewhere. */
static void
test_error_page_stays(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error =
        g_error_new(PUP_ERROR, PUP_ERROR_INVALID, "it is not a manifest");

    start_screen(f);
    pup_face_failed(f->face, PUP_ORDER_LOAD, error, 0);
    expect(f,
           "error VERSION This room's desktop cannot be loaded. | it is not a manifest");
    pup_face_working(f->face, PUP_SAY_ASKING, NULL);
    expect(f, NULL);
    pup_face_failed(f->face, PUP_ORDER_LOAD, error, 1);
    expect(f, NULL);
    pup_face_guest(f->face, "/s", PUP_USB_ALL);
    expect(f, "spice /s all");
}

/* A server that is not up yet is no error at first. */
static void
test_patience(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = g_error_new(PUP_ERROR, PUP_ERROR_NET, "refused");

    start_screen(f);
    for (unsigned i = 0; i < 3; i++)
        pup_face_failed(f->face, PUP_ORDER_REGISTER, error, i);
    expect(f, "stage Waiting for the server | 127.0.0.1:9");
    for (unsigned i = 0; i < 3; i++)
        expect(f, "progress -1");
    pup_face_failed(f->face, PUP_ORDER_REGISTER, error, 3);
    expect(f, "error SERVER-AWAY The server does not answer. This PC keeps trying. | "
              "127.0.0.1:9: refused");
}

static void
test_unknown_pc(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error =
        g_error_new(PUP_ERROR, PUP_ERROR_NOT_FOUND, "u: status 404: no room has it");

    start_screen(f);
    pup_face_unknown(f->face, error);
    expect(f, "mac " MAC " Please give the administrator this address: it must be added "
              "to a room. | no room has it");
    pup_face_working(f->face, PUP_SAY_ASKING, NULL);
    pup_face_unknown(f->face, error);
    expect(f, NULL);
}

/* It has a room: nobody needs its address. */
static void
test_unpublished_room(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = g_error_new(
        PUP_ERROR, PUP_ERROR_NOT_FOUND,
        "http://s/x: status 404: room 'lab' has not been published: no version");

    start_screen(f);
    pup_face_unknown(f->face, error);
    expect(f,
           "error NOT-PUBLISHED This room has nothing to start yet. This PC starts by "
           "itself as soon as it has. | room 'lab' has not been published: no version");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_road_to_the_guest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_screen_starts_late, setup, teardown),
        cmocka_unit_test_setup_teardown(test_error_page_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_patience, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_pc, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unpublished_room, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
