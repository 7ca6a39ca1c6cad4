/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/catalog/catalog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"

#define MAC1 "52:54:00:00:00:01"
#define MAC2 "52:54:00:00:00:02"
#define MAC3 "52:54:00:00:00:03"
#define POLL_S 10

typedef struct {
    char *dir, *db, *rooms;
    PupCatalog *catalog;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    f->dir = g_dir_make_tmp("pup-catalog-XXXXXX", NULL);
    f->db = g_build_filename(f->dir, "state", "catalog.db", NULL);
    f->rooms = g_build_filename(f->dir, "rooms", NULL);
    f->catalog = pup_catalog_open(f->db, f->rooms, NULL);
    assert_non_null(f->catalog);
    *state = f;
    return 0;
}

static void
empty_folder(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *file;
    while (dir && (file = g_dir_read_name(dir))) {
        g_autofree char *inner = g_build_filename(path, file, NULL);
        pup_file_remove_tree(inner);
    }
    g_rmdir(path);
}

static int
teardown(void **state)
{
    Fixture *f = *state;
    g_autofree char *folder = g_path_get_dirname(f->db);
    pup_catalog_free(f->catalog);
    empty_folder(folder);
    empty_folder(f->rooms);
    assert_int_equal(g_rmdir(f->dir), 0);
    g_free(f->dir);
    g_free(f->db);
    g_free(f->rooms);
    g_free(f);
    return 0;
}

static void
assert_code(const GError *error, PupErrorCode code)
{
    assert_non_null(error);
    if (!g_error_matches(error, PUP_ERROR, (int) code))
        fail_msg("not %s: %s", pup_error_name(code), error->message);
}

/* A room with one seat a MAC, named "pc1" ..., NULL-terminated. */
static gboolean
add_room(Fixture *f, const char *room, const char *const *macs, GError **error)
{
    g_autoptr(PupRoomProfile) profile = pup_room_profile_new(room, "win11", 0);
    for (unsigned i = 0; macs[i]; i++) {
        g_autofree char *name = g_strdup_printf("pc%u", i + 1);
        assert_true(pup_room_profile_add_seat(profile, name, macs[i], NULL));
    }
    return pup_catalog_room_write(f->catalog, room, profile, TRUE, error);
}

#define MACS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
write_text(Fixture *f, const char *room, const char *text)
{
    g_autofree char *path = pup_catalog_room_path(f->catalog, room);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
test_rooms(void **state)
{
    Fixture *f = *state;
    g_auto(GStrv) none = pup_catalog_rooms(f->catalog, NULL);
    assert_int_equal(g_strv_length(none), 0); /* not even the folder is there */
    assert_true(add_room(f, "zoo", MACS(MAC1), NULL));
    assert_true(add_room(f, "lab-101", MACS(MAC2, MAC3), NULL));
    write_text(f, "../rooms/.hidden", "");
    write_text(f, "../rooms/Not A Room", "");
    g_auto(GStrv) rooms = pup_catalog_rooms(f->catalog, NULL);
    g_autofree char *joined = g_strjoinv(" ", rooms);
    assert_string_equal(joined, "lab-101 zoo");
    g_autoptr(PupRoomProfile) profile = pup_catalog_room(f->catalog, "lab-101", NULL);
    assert_int_equal(profile->n_seats, 2);
    assert_string_equal(profile->seats[1].mac, MAC3);
}

static void
test_room_errors(void **state)
{
    Fixture *f = *state;
    g_autoptr(PupRoomProfile) profile = pup_room_profile_new("x", "win11", 0);
    assert_true(add_room(f, "lab-101", MACS(MAC1), NULL));
    for (int i = 0; i < 6; i++) {
        g_autoptr(GError) error = NULL;
        PupErrorCode code = PUP_ERROR_INVALID;
        if (i == 0)
            assert_null(pup_catalog_room(f->catalog, "../x", &error));
        else if (i == 1)
            assert_false(
                pup_catalog_room_write(f->catalog, "../x", profile, FALSE, &error));
        else if (i == 2)
            assert_false(pup_catalog_room_remove(f->catalog, "../x", &error));
        else if (i == 3) {
            code = PUP_ERROR_NOT_FOUND;
            assert_null(pup_catalog_room(f->catalog, "x", &error));
        } else if (i == 4) {
            code = PUP_ERROR_NOT_FOUND;
            assert_false(pup_catalog_room_remove(f->catalog, "x", &error));
        } else {
            code = PUP_ERROR_EXISTS;
            assert_false(
                pup_catalog_room_write(f->catalog, "lab-101", profile, TRUE, &error));
        }
        assert_code(error, code);
    }
    assert_true(pup_catalog_room_write(f->catalog, "lab-101", profile, FALSE, NULL));
    assert_true(pup_catalog_room_remove(f->catalog, "lab-101", NULL));
    g_auto(GStrv) rooms = pup_catalog_rooms(f->catalog, NULL);
    assert_int_equal(g_strv_length(rooms), 0);
}

static void
test_mac_in_two_rooms(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    g_autofree char *room = NULL, *seat = NULL;
    assert_true(add_room(f, "lab-101", MACS(MAC1), NULL));
    assert_false(add_room(f, "lab-102", MACS(MAC2, MAC1), &error));
    assert_code(error, PUP_ERROR_EXISTS);
    static const char *const said[] = {"'pc2'", "'lab-102'", MAC1, "'pc1'", "'lab-101'"};
    for (size_t i = 0; i < G_N_ELEMENTS(said); i++)
        assert_non_null(strstr(error->message, said[i]));
    g_auto(GStrv) rooms = pup_catalog_rooms(f->catalog, NULL);
    assert_int_equal(g_strv_length(rooms), 1);
    /* By hand it can be done; then the PC, which neither had before, is told. */
    write_text(f, "lab-102", "[room]\nmaster = win11\n[seats]\npcx = " MAC3 "\n");
    write_text(f, "lab-101", "[room]\nmaster = win11\n[seats]\npcx = " MAC3 "\n");
    g_clear_error(&error);
    assert_false(pup_catalog_find_seat(f->catalog, MAC3, &room, &seat, &error));
    assert_code(error, PUP_ERROR_INVALID);
    assert_non_null(strstr(error->message, "'lab-101'"));
    assert_non_null(strstr(error->message, "'lab-102'"));
}

static void
assert_seat_in(Fixture *f, const char *mac, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *room = NULL, *seat = NULL;
    if (!pup_catalog_find_seat(f->catalog, mac, &room, &seat, &error))
        fail_msg("%s has no room: %s", mac, error->message);
    assert_string_equal(room, expected);
}

/* What a person is told, by lines "FILE: PROBLEM". */
static char *
problems_of(Fixture *f)
{
    g_autoptr(GPtrArray) problems = pup_catalog_profile_problems(f->catalog, NULL);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < problems->len; i++) {
        const PupProfileProblem *problem = g_ptr_array_index(problems, i);
        g_autofree char *file = g_path_get_basename(problem->path);
        g_string_append_printf(text, "%s: %s\n", file, problem->problem);
    }
    return g_string_free(text, FALSE);
}

/* The catalog that a server has after its next start. */
static void
start_again(Fixture *f)
{
    pup_catalog_free(f->catalog);
    f->catalog = pup_catalog_open(f->db, f->rooms, NULL);
    assert_non_null(f->catalog);
}

#define PROFILE(seats) "[room]\nmaster = win11\n[seats]\n" seats

/* A copy of a profile takes no PC from the room that has it. */
static void
test_copied_profile(void **state)
{
    Fixture *f = *state;
    assert_true(add_room(f, "r", MACS(MAC1, MAC2), NULL));
    write_text(f, "a-copy", PROFILE("pc1 = " MAC1 "\npc2 = " MAC2 "\n"));
    for (int i = 0; i < 3; i++) {
        assert_seat_in(f, MAC1, "r");
        assert_true(pup_catalog_keep_profiles(f->catalog, NULL));
        start_again(f);
    }
    g_autofree char *told = problems_of(f);
    assert_string_equal(told, "a-copy.conf: 2 of its seats (pc1, pc2) are seats of room "
                              "'r', too, which had them before and keeps them\n");
    g_autoptr(GPtrArray) seats = pup_catalog_seats(f->catalog, 0, POLL_S, NULL);
    assert_int_equal(seats->len, 2);
    assert_string_equal(((PupSeat *) g_ptr_array_index(seats, 0))->room, "r");
    /* Out of the first: the other has them. */
    write_text(f, "r", PROFILE("pc2 = " MAC2 "\n"));
    assert_seat_in(f, MAC1, "a-copy");
    assert_seat_in(f, MAC2, "r");
    assert_true(pup_catalog_keep_profiles(f->catalog, NULL));
    write_text(f, "r", PROFILE("pc1 = " MAC1 "\npc2 = " MAC2 "\n"));
    assert_seat_in(f, MAC1, "a-copy");
}

/* Gone for one look, as when an editor writes it anew, is not gone. */
static void
test_moved_profile(void **state)
{
    Fixture *f = *state;
    g_autofree char *path = pup_catalog_room_path(f->catalog, "r");
    assert_true(add_room(f, "r", MACS(MAC1), NULL));
    write_text(f, "r2", PROFILE("pc1 = " MAC1 "\n"));
    assert_int_equal(unlink(path), 0);
    assert_true(pup_catalog_keep_profiles(f->catalog, NULL));
    assert_seat_in(f, MAC1, "r2");
    write_text(f, "r", PROFILE("pc1 = " MAC1 "\n"));
    assert_seat_in(f, MAC1, "r");
    assert_int_equal(unlink(path), 0);
    assert_true(pup_catalog_keep_profiles(f->catalog, NULL));
    assert_true(pup_catalog_keep_profiles(f->catalog, NULL));
    write_text(f, "r", PROFILE("pc1 = " MAC1 "\n"));
    assert_seat_in(f, MAC1, "r2");
    assert_true(pup_catalog_room_remove(f->catalog, "r2", NULL));
    assert_seat_in(f, MAC1, "r");
}

/* The last good profile counts for the PCs, after a restart, too; not for who works. */
static void
test_last_good_profile(void **state)
{
    static const char *const bad[] = {
        "", "[room]\nmaster = win11\ncolour = red\n", "\xff\xfe",
        PROFILE("pc1 = " MAC1 "\npc2 = " MAC1 "\n"), PROFILE("pc1 = 52:54\n")};
    Fixture *f = *state;
    assert_true(add_room(f, "r", MACS(MAC1), NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        PupPeering peering;
        write_text(f, "r", bad[i]);
        assert_true(pup_catalog_keep_profiles(f->catalog, NULL));
        start_again(f);
        assert_seat_in(f, MAC1, "r");
        assert_true(pup_catalog_peering(f->catalog, "r", MAC1, 1, &peering, NULL));
        assert_true(peering.is_seat);
        assert_null(pup_catalog_room(f->catalog, "r", &error));
        assert_code(error, PUP_ERROR_INVALID);
        g_autofree char *told = problems_of(f);
        assert_non_null(strstr(told, "r.conf: "));
        assert_non_null(strstr(told, error->message));
    }
    /* What the last good one has is not to be had by others. */
    assert_false(add_room(f, "r2", MACS(MAC1), NULL));
    write_text(f, "r", PROFILE("pc1 = " MAC2 "\n"));
    assert_true(add_room(f, "r2", MACS(MAC1), NULL));
    assert_seat_in(f, MAC1, "r2");
}

/* Nothing that can lie in the folder keeps anybody waiting, or other rooms' PCs. */
static void
test_no_profiles(void **state)
{
    static const char *const passed_over[] = {
        "r.conf~",         ".r.conf.swp", "r.conf.dpkg-old", "#r.conf#",
        "r.conf.ucf-dist", "r.conf.bak",  ".r.conf.aBcDeF",  "r.conf.orig"};
    Fixture *f = *state;
    assert_true(add_room(f, "r", MACS(MAC1), NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(passed_over); i++) {
        g_autofree char *path = g_build_filename(f->rooms, passed_over[i], NULL);
        assert_true(g_file_set_contents(path, "x", 1, NULL));
    }
    g_autofree char *none = problems_of(f);
    assert_string_equal(none, "");
    g_autofree char *pipe = pup_catalog_room_path(f->catalog, "pipe");
    g_autofree char *dir = pup_catalog_room_path(f->catalog, "dir");
    g_autofree char *loop = pup_catalog_room_path(f->catalog, "loop");
    g_autofree char *dangling = pup_catalog_room_path(f->catalog, "dangling");
    g_autofree char *device = pup_catalog_room_path(f->catalog, "device");
    g_autofree char *capital = pup_catalog_room_path(f->catalog, "Lab2");
    g_autofree char *huge = pup_catalog_room_path(f->catalog, "huge");
    g_autofree char *other = g_build_filename(f->rooms, "lab3.conf.txt", NULL);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(g_mkdir(dir, 0700), 0);
    assert_int_equal(symlink("loop.conf", loop), 0);
    assert_int_equal(symlink("nowhere", dangling), 0);
    assert_int_equal(symlink("/dev/zero", device), 0);
    assert_true(g_file_set_contents(capital, "", 0, NULL));
    assert_true(g_file_set_contents(huge, "", 0, NULL));
    assert_int_equal(truncate(huge, G_GINT64_CONSTANT(1) << 40), 0);
    assert_true(g_file_set_contents(other, "", 0, NULL));
    assert_seat_in(f, MAC1, "r");
    g_autofree char *told = problems_of(f);
    g_auto(GStrv) lines = g_strsplit(told, "\n", -1);
    assert_int_equal(g_strv_length(lines), 8 + 1);
    static const char *const said[] = {
        "Lab2.conf: cannot be a room's profile by its name",
        "is a link to 'nowhere'",
        "/device.conf' is a device",
        "/dir.conf' is a folder",
        "is larger than",
        "lab3.conf.txt: is no room's profile",
        "levels of symbolic links",
        "/pipe.conf' is a pipe"};
    for (size_t i = 0; i < G_N_ELEMENTS(said); i++)
        if (!strstr(lines[i], said[i]))
            fail_msg("'%s' is not said in '%s'", said[i], lines[i]);
}

static void
test_find_seat(void **state)
{
    static const struct {
        const char *mac, *room, *seat;
        PupErrorCode code;
    } cases[] = {
        {MAC1, "lab-101", "pc1", 0},
        {"52-54-00-00-00-02", "lab-101", "pc2", 0},
        {"525400000003", "zoo", "pc1", 0},
        {"52:54:00:00:00:09", NULL, NULL, PUP_ERROR_NOT_FOUND},
        {"52:54:00", NULL, NULL, PUP_ERROR_INVALID},
    };
    Fixture *f = *state;
    assert_true(add_room(f, "lab-101", MACS(MAC1, MAC2), NULL));
    assert_true(add_room(f, "zoo", MACS(MAC3), NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *room = NULL, *seat = NULL;
        gboolean ok =
            pup_catalog_find_seat(f->catalog, cases[i].mac, &room, &seat, &error);
        assert_int_equal(ok, cases[i].room != NULL);
        if (ok) {
            assert_string_equal(room, cases[i].room);
            assert_string_equal(seat, cases[i].seat);
        } else {
            assert_code(error, cases[i].code);
            assert_null(room);
        }
    }
}

/* One broken profile harms its own room only, but an unknown MAC may be one of its. */
static void
test_broken_profile(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    g_autofree char *room = NULL, *seat = NULL;
    assert_true(add_room(f, "zoo", MACS(MAC1), NULL));
    write_text(f, "lab-101", "[room]\nmaster = win11\ncolour = red\n");
    assert_true(pup_catalog_find_seat(f->catalog, MAC1, &room, &seat, NULL));
    assert_false(pup_catalog_find_seat(f->catalog, MAC2, &room, &seat, &error));
    assert_code(error, PUP_ERROR_INVALID);
    assert_non_null(strstr(error->message, "lab-101.conf:3"));
    assert_true(add_room(f, "lab-102", MACS(MAC2), NULL));
    g_autoptr(GPtrArray) seats = pup_catalog_seats(f->catalog, 0, POLL_S, NULL);
    assert_int_equal(seats->len, 2);
}

typedef struct {
    PupCatalog *catalog;
    unsigned n_added;
} Adder;

static gpointer
add_rooms(gpointer data)
{
    Adder *adder = data;
    for (unsigned i = 0; i < 10; i++) {
        g_autofree char *room = g_strdup_printf("room-%p-%u", (void *) adder, i);
        g_autofree char *mac = g_strdup_printf("52:54:00:00:01:%02x", i);
        g_autoptr(PupRoomProfile) profile = pup_room_profile_new(room, "win11", 0);
        pup_room_profile_add_seat(profile, "pc1", mac, NULL);
        adder->n_added +=
            pup_catalog_room_write(adder->catalog, room, profile, TRUE, NULL);
    }
    return NULL;
}

static void
test_two_add_the_same_macs(void **state)
{
    Fixture *f = *state;
    Adder one = {.catalog = f->catalog}, two = {.catalog = f->catalog};
    GThread *thread = g_thread_new("adder", add_rooms, &one);
    add_rooms(&two);
    g_thread_join(thread);
    assert_int_equal(one.n_added + two.n_added, 10);
}

static PupSeat *
seat_of(GPtrArray *seats, const char *mac)
{
    for (guint i = 0; i < seats->len; i++) {
        PupSeat *seat = g_ptr_array_index(seats, i);
        if (strcmp(seat->mac, mac) == 0)
            return seat;
    }
    return NULL;
}

static void
stage(Fixture *f, PupStage reached, gint64 now_ms)
{
    g_autoptr(GError) error = NULL;
    if (!pup_catalog_stage(f->catalog, MAC1, reached, now_ms, NULL, &error))
        fail_msg("%s", error->message);
}

static void
report(Fixture *f, const char *state, unsigned version, gint64 now_ms)
{
    assert_true(pup_catalog_report(f->catalog, MAC1, "10.0.0.5", "lab-101", version,
                                   state, NULL, now_ms, NULL));
}

/* A boot from power-on to the guest, then another: its times are its own. */
static void
test_a_boot(void **state)
{
    Fixture *f = *state;
    assert_true(add_room(f, "lab-101", MACS(MAC1), NULL));
    for (int boot = 1; boot <= 2; boot++) {
        gint64 t = boot * G_GINT64_CONSTANT(1000000);
        stage(f, PUP_STAGE_DHCP, t);
        stage(f, PUP_STAGE_DHCP, t + 2000); /* the loader's own */
        stage(f, PUP_STAGE_LOADER, t + 3000);
        stage(f, PUP_STAGE_LOADER, t + 3100);
        for (unsigned s = PUP_STAGE_KERNEL; s < PUP_N_STAGES; s++)
            stage(f, (PupStage) s, t + 1000 * (boot + (gint64) s));
        g_autoptr(GPtrArray) before =
            pup_catalog_seats(f->catalog, t + 10000, POLL_S, NULL);
        assert_string_equal(seat_of(before, MAC1)->state, "booting");
        report(f, "running", 7, t + 20000);
        stage(f, PUP_STAGE_GUEST_STARTED, t + 60000); /* the guest started again */
        g_autoptr(GPtrArray) seats =
            pup_catalog_seats(f->catalog, t + 61000, POLL_S, NULL);
        assert_int_equal(seats->len, 1);
        const PupSeat *seat = seat_of(seats, MAC1);
        assert_string_equal(seat->state, "running");
        assert_string_equal(seat->seat, "pc1");
        assert_string_equal(seat->room, "lab-101");
        assert_string_equal(seat->address, "10.0.0.5");
        assert_int_equal(seat->version, 7);
        assert_int_equal(seat->boot_started_ms, t);
        assert_int_equal(seat->last_seen_ms, t + 60000);
        assert_int_equal(seat->stage_ms[PUP_STAGE_DHCP], 0);
        assert_int_equal(seat->stage_ms[PUP_STAGE_LOADER], 3000);
        for (unsigned s = PUP_STAGE_KERNEL; s < PUP_N_STAGES; s++)
            assert_int_equal(seat->stage_ms[s], 1000 * (boot + (gint64) s));
    }
}

/* Which stage, how long after what, begins a boot. */
static void
test_when_a_boot_begins(void **state)
{
    static const struct {
        const char *said; /* state that the seat reported, or NULL */
        PupStage had, then;
        gint64 later_ms;
        gboolean begins;
    } cases[] = {
        {NULL, PUP_STAGE_DHCP, PUP_STAGE_DHCP, 3000, FALSE},
        {NULL, PUP_STAGE_DHCP, PUP_STAGE_DHCP, 61000, TRUE},
        {NULL, PUP_STAGE_DHCP, PUP_STAGE_LOADER, 200000, FALSE},
        {NULL, PUP_STAGE_LOADER, PUP_STAGE_DHCP, 3000, TRUE},
        {NULL, PUP_STAGE_LOADER, PUP_STAGE_LOADER, 3000, FALSE},
        {NULL, PUP_STAGE_LOADER, PUP_STAGE_LOADER, 61000, TRUE},
        {NULL, PUP_STAGE_LOADER, PUP_STAGE_KERNEL, 61000, FALSE},
        {NULL, PUP_STAGE_GUEST_ALIVE, PUP_STAGE_DISK, 61000, FALSE},
        {"running", PUP_STAGE_GUEST_ALIVE, PUP_STAGE_LOADER, 3000, TRUE},
        {"running", PUP_STAGE_GUEST_ALIVE, PUP_STAGE_REGISTERED, 3000, TRUE},
        {"running", PUP_STAGE_GUEST_ALIVE, PUP_STAGE_GUEST_STARTED, 90000, FALSE},
        {"failed", PUP_STAGE_DISK, PUP_STAGE_LOADER, 3000, TRUE},
        {"idle", PUP_STAGE_GUEST_ALIVE, PUP_STAGE_DHCP, 3000, TRUE},
    };
    Fixture *f = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 t = (gint64) (i + 1) * 10000000;
        stage(f, PUP_STAGE_DHCP, t);
        if (cases[i].had != PUP_STAGE_DHCP)
            stage(f, cases[i].had, t);
        if (cases[i].said)
            report(f, cases[i].said, 1, t);
        stage(f, cases[i].then, t + cases[i].later_ms);
        g_autoptr(GPtrArray) seats = pup_catalog_seats(f->catalog, t, POLL_S, NULL);
        gint64 wanted = cases[i].begins ? t + cases[i].later_ms : t;
        gint64 began = seat_of(seats, MAC1)->boot_started_ms;
        if (began != wanted)
            fail_msg("case %zu: began at %" G_GINT64_FORMAT ", not %" G_GINT64_FORMAT, i,
                     began, wanted);
    }
}

static void
test_when_a_seat_is_silent(void **state)
{
    static const struct {
        const char *said;
        gboolean registered;
        gint64 later_ms;
        const char *state;
    } cases[] = {
        {"running", TRUE, 30000, "running"},
        {"running", TRUE, 30001, "silent"},
        {"idle", TRUE, 600001, "off"},
        {"failed", TRUE, 30000, "failed"},
        {"booting", FALSE, 300000, "booting"},
        {"booting", FALSE, 300001, "silent"},
        {"off", TRUE, 1, "off"},
    };
    Fixture *f = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 t = (gint64) (i + 1) * 10000000;
        stage(f, PUP_STAGE_DHCP, t);
        if (cases[i].registered)
            stage(f, PUP_STAGE_REGISTERED, t);
        report(f, cases[i].said, 0, t);
        g_autoptr(GPtrArray) seats =
            pup_catalog_seats(f->catalog, t + cases[i].later_ms, POLL_S, NULL);
        assert_string_equal(seat_of(seats, MAC1)->state, cases[i].state);
    }
}

static const char *
state_at(Fixture *f, gint64 now_ms)
{
    g_autoptr(GPtrArray) seats = pup_catalog_seats(f->catalog, now_ms, POLL_S, NULL);
    return g_intern_string(seat_of(seats, MAC1)->state);
}

/* What a server that was not there has not heard says nothing of a seat. */
static void
test_server_away(void **state)
{
    Fixture *f = *state;
    gint64 t = 10000000;
    for (gint64 at = t; at <= t + 60000; at += 5000)
        assert_true(pup_catalog_alive(f->catalog, at, NULL));
    report(f, "running", 1, t + 60000);
    assert_string_equal(state_at(f, t + 70000), "running");
    assert_string_equal(state_at(f, t + 95000), "unknown"); /* hung, or gone */
    assert_string_equal(state_at(f, t + 9000000), "unknown");
    assert_true(pup_catalog_alive(f->catalog, t + 9000000, NULL));
    assert_string_equal(state_at(f, t + 9010000), "unknown");
    for (gint64 at = t + 9005000; at <= t + 9100000; at += 5000)
        assert_true(pup_catalog_alive(f->catalog, at, NULL));
    assert_string_equal(state_at(f, t + 9100000), "silent");
    report(f, "running", 1, t + 9100000);
    assert_string_equal(state_at(f, t + 9100000), "running");
}

/* A clock that was ahead, and is right again with the next start of the server. */
static void
test_clock_was_ahead(void **state)
{
    Fixture *f = *state;
    gint64 t = 10000000, ahead = 500000000;
    assert_true(pup_catalog_alive(f->catalog, t + ahead, NULL));
    report(f, "running", 1, t + ahead);
    assert_true(pup_catalog_alive(f->catalog, t, NULL));
    assert_string_equal(state_at(f, t), "running");
    for (gint64 at = t; at <= t + 700000; at += 5000)
        assert_true(pup_catalog_alive(f->catalog, at, NULL));
    assert_string_equal(state_at(f, t + 40000 + 660000), "off");
    g_autoptr(GArray) used =
        pup_catalog_versions_in_use(f->catalog, "lab-101", t + 1, NULL);
    assert_int_equal(used->len, 0);
    report(f, "running", 1, t + 700000);
    assert_string_equal(state_at(f, t + 700000), "running");
}

/* A clock that is set while the server runs: boots keep their times. */
static void
test_clock_is_set(void **state)
{
    Fixture *f = *state;
    gint64 t = 10000000, by = 800000000;
    assert_true(pup_catalog_report(f->catalog, MAC2, NULL, "lab-101", 1, "running", NULL,
                                   t - 50000, NULL));
    assert_true(pup_catalog_alive(f->catalog, t, NULL));
    stage(f, PUP_STAGE_DHCP, t + 1000);
    stage(f, PUP_STAGE_LOADER, t + 3000);
    assert_true(pup_catalog_clock_stepped(f->catalog, t, by, NULL));
    stage(f, PUP_STAGE_KERNEL, t + by + 5000);
    assert_true(pup_catalog_alive(f->catalog, t + by + 5000, NULL));
    g_autoptr(GPtrArray) seats =
        pup_catalog_seats(f->catalog, t + by + 5000, POLL_S, NULL);
    const PupSeat *seat = seat_of(seats, MAC1);
    assert_int_equal(seat->stage_ms[PUP_STAGE_LOADER], 2000);
    assert_int_equal(seat->stage_ms[PUP_STAGE_KERNEL], 4000);
    assert_string_equal(seat->state, "booting");
    assert_int_equal(seat_of(seats, MAC2)->last_seen_ms, t - 50000);
}

static void
arrive(Fixture *f, const char *boot, gint64 clock_off_ms, gint64 now_ms)
{
    g_autoptr(GError) error = NULL;
    const PupArrival arrival = {MAC1, "10.0.0.5", "lab-101", boot, 7, TRUE, clock_off_ms};
    if (!pup_catalog_arrive(f->catalog, &arrival, now_ms, &error))
        fail_msg("%s", error->message);
}

static void
tell_starts(Fixture *f, const char *boot, gint64 t_ms, gint64 now_ms,
            const PupGuestStart *starts, unsigned n)
{
    g_autoptr(GError) error = NULL;
    const PupStartsTold told = {MAC1, boot, t_ms, starts, n};
    if (!pup_catalog_starts(f->catalog, &told, now_ms, &error))
        fail_msg("%s", error->message);
}

/* A guest is shut down, another crashes, a third runs: one boot, whose times stay. */
static void
test_starts_are_no_boots(void **state)
{
    Fixture *f = *state;
    gint64 t = 10000000;
    PupGuestStart starts[] = {
        {.t_ms = 1000, .version = 7, .started_ms = 500, .alive_ms = 4000, .end = "off"},
        {.t_ms = 60000,
         .version = 7,
         .started_ms = 300,
         .alive_ms = -1,
         .resets = 2,
         .end = "crashed"},
        {.t_ms = 90000, .version = 8, .started_ms = -1, .alive_ms = -1, .resets = 1},
    };
    stage(f, PUP_STAGE_DHCP, t);
    arrive(f, "one", -5000, t + 10000);
    stage(f, PUP_STAGE_GUEST_ALIVE, t + 20000);
    tell_starts(f, "one", 1000, t + 10000, starts, 1);
    arrive(f, "one", 0, t + 70000); /* its clock was set meanwhile */
    tell_starts(f, "one", 60000, t + 70000, starts, 2);
    arrive(f, "one", 0, t + 100000);
    tell_starts(f, "one", 90000, t + 100000, starts, 3);
    starts[2].started_ms = 400;
    tell_starts(f, "one", 91000, t + 101000, starts + 1, 2);
    g_autoptr(GPtrArray) seats = pup_catalog_seats(f->catalog, t + 101000, POLL_S, NULL);
    const PupSeat *seat = seat_of(seats, MAC1);
    assert_int_equal(seat->boot_started_ms, t);
    assert_string_equal(seat->boot, "one");
    assert_int_equal(seat->stage_ms[PUP_STAGE_REGISTERED], 10000);
    assert_int_equal(seat->stage_ms[PUP_STAGE_GUEST_ALIVE], 20000);
    assert_true(seat->knows_clock);
    assert_int_equal(seat->clock_off_ms, -5000);
    assert_int_equal(seat->n_starts, 3);
    assert_int_equal(seat->n_resets, 3);
    assert_int_equal(seat->n_crashes, 1);
    assert_int_equal(seat->starts->len, 3);
    const PupGuestStart *last = &g_array_index(seat->starts, PupGuestStart, 0);
    assert_int_equal(last->n, 3);
    assert_int_equal(last->at_ms, t + 100000);
    assert_int_equal(last->version, 8);
    assert_int_equal(last->started_ms, 400);
    assert_int_equal(seat->boots->len, 0);
}

/* Seats may say what they like: sums stop at what the next reader can hold. */
static void
test_sums_are_bounded(void **state)
{
    Fixture *f = *state;
    gint64 t = 10000000;
    PupGuestStart starts[3] = {{0}};
    for (unsigned i = 0; i < G_N_ELEMENTS(starts); i++)
        starts[i] = (PupGuestStart){.t_ms = 1000 * (i + 1), .resets = G_MAXINT};
    arrive(f, "one", 0, t);
    tell_starts(f, "one", 9000, t + 9000, starts, G_N_ELEMENTS(starts));
    g_autoptr(GPtrArray) now = pup_catalog_seats(f->catalog, t + 9000, POLL_S, NULL);
    assert_int_equal(seat_of(now, MAC1)->n_resets, G_MAXINT);
    arrive(f, "two", 0, t + 10000);
    g_autoptr(GPtrArray) then = pup_catalog_seats(f->catalog, t + 10000, POLL_S, NULL);
    const PupSeat *seat = seat_of(then, MAC1);
    assert_int_equal(seat->boots->len, 1);
    assert_int_equal(g_array_index(seat->boots, PupSeatBoot, 0).resets, G_MAXINT);

    PupSeatStats sum = {0};
    const PupSeatStats most = {.reads = G_MAXINT64, .server_bytes = G_MAXINT64};
    for (unsigned i = 0; i < 3; i++)
        pup_seat_stats_add(&sum, &most);
    assert_true(sum.reads == G_MAXINT64);
    assert_true(sum.server_bytes == G_MAXINT64);
}

/* The next boot, seen by its id alone: the one before goes into the past. */
static void
test_boots_are_kept(void **state)
{
    Fixture *f = *state;
    gint64 t = 10000000;
    const PupGuestStart start = {.t_ms = 1000,
                                 .version = 7,
                                 .started_ms = 500,
                                 .alive_ms = 4000,
                                 .end = "crashed"};
    for (int i = 0; i <= PUP_BOOTS_KEPT + 1; i++) {
        g_autofree char *boot = g_strdup_printf("b-%d", i);
        arrive(f, boot, 0, t + 100000 * i);
        stage(f, PUP_STAGE_GUEST_ALIVE, t + 100000 * i + 7000);
        tell_starts(f, boot, 1000, t + 100000 * i, &start, 1);
    }
    g_autoptr(GPtrArray) seats =
        pup_catalog_seats(f->catalog, t + 100000 * (PUP_BOOTS_KEPT + 1), POLL_S, NULL);
    const PupSeat *seat = seat_of(seats, MAC1);
    assert_int_equal(seat->n_starts, 1);
    assert_int_equal(seat->boots->len, PUP_BOOTS_KEPT);
    const PupSeatBoot *past = &g_array_index(seat->boots, PupSeatBoot, 0);
    assert_string_equal(past->id, "b-10");
    assert_int_equal(past->registered_ms, 0);
    assert_int_equal(past->alive_ms, 7000);
    assert_int_equal(past->starts, 1);
    assert_int_equal(past->crashes, 1);
}

/* A seat that ran while its server learned of boots' ids is in the boot that it was in.
 */
static void
test_boot_gets_its_id(void **state)
{
    Fixture *f = *state;
    gint64 t = 10000000;
    stage(f, PUP_STAGE_REGISTERED, t);
    report(f, "running", 7, t + 1000);
    tell_starts(f, "one", 0, t + 1000, NULL, 0);
    arrive(f, "one", 0, t + 50000);
    g_autoptr(GPtrArray) seats = pup_catalog_seats(f->catalog, t + 50000, POLL_S, NULL);
    assert_int_equal(seat_of(seats, MAC1)->boot_started_ms, t);
    tell_starts(f, "two", 0, t + 51000, NULL, 0); /* it never registered */
    g_autoptr(GPtrArray) still = pup_catalog_seats(f->catalog, t + 51000, POLL_S, NULL);
    assert_string_equal(seat_of(still, MAC1)->boot, "one");
}

static void
test_seats_sorted(void **state)
{
    Fixture *f = *state;
    assert_true(add_room(f, "zoo", MACS(MAC2), NULL));
    assert_true(add_room(f, "lab-101", MACS(MAC3), NULL));
    assert_true(
        pup_catalog_stage(f->catalog, MAC1, PUP_STAGE_LOADER, 1000, "hello", NULL));
    g_autoptr(GPtrArray) seats = pup_catalog_seats(f->catalog, 1000, POLL_S, NULL);
    assert_int_equal(seats->len, 3);
    static const struct {
        const char *mac, *room, *seat, *state, *detail;
    } wanted[] = {
        {MAC1, "", "", "booting", "hello"}, /* a MAC that no room has */
        {MAC3, "lab-101", "pc1", "off", ""},
        {MAC2, "zoo", "pc1", "off", ""},
    };
    for (guint i = 0; i < seats->len; i++) {
        const PupSeat *seat = g_ptr_array_index(seats, i);
        assert_string_equal(seat->mac, wanted[i].mac);
        assert_string_equal(seat->room, wanted[i].room);
        assert_string_equal(seat->seat, wanted[i].seat);
        assert_string_equal(seat->state, wanted[i].state);
        assert_string_equal(seat->detail, wanted[i].detail);
    }
}

/* Made-up addresses fill the catalog so far only, and cost the PCs of rooms nothing. */
static void
test_strangers_are_bounded(void **state)
{
    enum { MAX = 1000, MORE = 3 };
    Fixture *f = *state;
    assert_true(add_room(f, "lab-101", MACS(MAC3), NULL));
    assert_true(pup_catalog_stage(f->catalog, MAC3, PUP_STAGE_LOADER, 1, NULL, NULL));
    for (unsigned i = 0; i < MAX + MORE; i++) {
        g_autofree char *mac = g_strdup_printf("02:00:00:00:%02x:%02x", i >> 8, i & 0xff);
        if (i % 2 == 0)
            assert_true(pup_catalog_stage(f->catalog, mac, PUP_STAGE_LOADER, 1000 + i,
                                          NULL, NULL));
        else
            assert_true(pup_catalog_report(f->catalog, mac, NULL, NULL, 1, "running", "",
                                           1000 + i, NULL));
    }
    g_autoptr(GPtrArray) seats = pup_catalog_seats(f->catalog, 9000, POLL_S, NULL);
    assert_int_equal(seats->len, MAX + 1);
    assert_string_equal(seat_of(seats, MAC3)->room, "lab-101");
    assert_int_equal(seat_of(seats, MAC3)->stage_ms[PUP_STAGE_LOADER], 0);
    for (guint i = 0; i < seats->len; i++)
        assert_string_not_equal(((PupSeat *) g_ptr_array_index(seats, i))->mac,
                                "02:00:00:00:00:02");
}

/* What is not said stays as it was; a new boot forgets the last words. */
static void
test_report(void **state)
{
    Fixture *f = *state;
    assert_true(pup_catalog_report(f->catalog, MAC1, "10.0.0.5", "lab-101", 3, "failed",
                                   "no \"KVM\"; 'x'", 1000, NULL));
    assert_true(
        pup_catalog_report(f->catalog, MAC1, NULL, NULL, 4, NULL, NULL, 2000, NULL));
    g_autoptr(GPtrArray) seats = pup_catalog_seats(f->catalog, 2000, POLL_S, NULL);
    const PupSeat *seat = seat_of(seats, MAC1);
    assert_string_equal(seat->room, "lab-101");
    assert_string_equal(seat->state, "failed");
    assert_string_equal(seat->detail, "no \"KVM\"; 'x'");
    assert_string_equal(seat->address, "10.0.0.5");
    assert_int_equal(seat->version, 4);
    stage(f, PUP_STAGE_DHCP, 3000);
    g_autoptr(GPtrArray) anew = pup_catalog_seats(f->catalog, 3000, POLL_S, NULL);
    seat = seat_of(anew, MAC1);
    assert_string_equal(seat->state, "booting");
    assert_string_equal(seat->detail, "");
    assert_int_equal(seat->version, 0);
    assert_false(pup_catalog_report(f->catalog, "x", NULL, NULL, 0, NULL, NULL, 0, NULL));
    assert_false(pup_catalog_stage(f->catalog, "x", PUP_STAGE_DHCP, 0, NULL, NULL));
}

static gpointer
report_often(gpointer data)
{
    Fixture *f = data;
    g_autoptr(PupCatalog) catalog = pup_catalog_open(f->db, f->rooms, NULL);
    for (unsigned i = 0; i < 50; i++) {
        if (!pup_catalog_stage(catalog, MAC1, PUP_STAGE_LOADER, i, NULL, NULL) ||
            !pup_catalog_report(catalog, MAC2, NULL, NULL, i, "running", NULL, i, NULL))
            return f;
    }
    return NULL;
}

/* Threads with a connection each, as the daemon and the command have. */
static void
test_several_at_once(void **state)
{
    GThread *threads[4];
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("reporter", report_often, *state);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        assert_null(g_thread_join(threads[i]));
}

static void
test_database_that_cannot_be_used(void **state)
{
    static const struct {
        const char *sql, *bytes;
        PupErrorCode code;
    } cases[] = {
        {NULL,
         "this is no database, and it is long enough to be looked at as one, for "
         "its header has a hundred bytes and so has this text, or more than that",
         PUP_ERROR_CORRUPT},
        {"PRAGMA user_version = 99", NULL, PUP_ERROR_UNSUPPORTED},
    };
    Fixture *f = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *path = g_strdup_printf("%s/state/other%zu.db", f->dir, i);
        if (cases[i].bytes)
            assert_true(g_file_set_contents(path, cases[i].bytes, -1, NULL));
        if (cases[i].sql) {
            sqlite3 *db;
            assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
            assert_int_equal(sqlite3_exec(db, cases[i].sql, NULL, NULL, NULL), SQLITE_OK);
            sqlite3_close(db);
        }
        assert_null(pup_catalog_open(path, f->rooms, &error));
        assert_code(error, cases[i].code);
        assert_non_null(strstr(error->message, path));
    }
}

/* Profiles are read whatever the database is; and it is taken up once it can be. */
static void
test_catalog_without_its_database(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_strdup_printf("%s/state/pipe.db", f->dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    for (int look = 0; look < 2; look++) {
        g_autoptr(PupCatalog) catalog = pup_catalog_open_anyhow(path, f->rooms, look);
        g_autoptr(GError) trouble = pup_catalog_trouble(catalog);
        g_auto(GStrv) rooms = pup_catalog_rooms(catalog, NULL);
        assert_code(trouble, PUP_ERROR_INVALID);
        assert_non_null(strstr(trouble->message, "a pipe"));
        assert_non_null(rooms);
        g_clear_error(&error);
        assert_null(pup_catalog_sent(catalog, &error));
        assert_string_equal(error->message, trouble->message);
        assert_false(pup_catalog_room_moved(catalog, "a", "b", NULL));
    }
    assert_int_equal(unlink(path), 0);
    gint64 made_ms = 0;
    g_autoptr(PupCatalog) look = pup_catalog_open_anyhow(path, f->rooms, TRUE);
    g_autoptr(GArray) sent = pup_catalog_sent(look, NULL);
    assert_int_equal(sent->len, 0);
    assert_true(pup_catalog_made(look, &made_ms, NULL));
    assert_int_equal(made_ms, PUP_CATALOG_MISSING);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_true(pup_catalog_made(f->catalog, &made_ms, NULL));
    assert_in_range(g_get_real_time() / 1000 - made_ms, 0, 600 * 1000);
    assert_true(pup_catalog_verify(f->catalog, NULL));
}

static void
test_stats(void **state)
{
    Fixture *f = *state;
    PupSeatStats stats = {.reads = 7, .hits = 3, .warm_total = 9};
    assert_true(pup_catalog_set_stats(f->catalog, MAC1, &stats, NULL)); /* never seen */
    report(f, "running", 7, 1000);
    assert_true(pup_catalog_set_stats(f->catalog, MAC1, &stats, NULL));
    g_autoptr(GPtrArray) seats = pup_catalog_seats(f->catalog, 1000, POLL_S, NULL);
    assert_int_equal(seats->len, 1);
    assert_true(seat_of(seats, MAC1)->has_stats);
    assert_memory_equal(&seat_of(seats, MAC1)->stats, &stats, sizeof stats);
    stage(f, PUP_STAGE_DHCP, 100000);
    g_autoptr(GPtrArray) next = pup_catalog_seats(f->catalog, 100000, POLL_S, NULL);
    assert_false(seat_of(next, MAC1)->has_stats);
}

static void
test_sent(void **state)
{
    Fixture *f = *state;
    for (unsigned i = 0; i < 3; i++) {
        PupSent sent = {.version = 1 + i % 2, .chunks = 2, .bytes = 100};
        g_strlcpy(sent.room, "lab-101", sizeof sent.room);
        assert_true(pup_catalog_add_sent(f->catalog, &sent, NULL));
    }
    g_autoptr(GArray) all = pup_catalog_sent(f->catalog, NULL);
    assert_int_equal(all->len, 2);
    assert_string_equal(g_array_index(all, PupSent, 0).room, "lab-101");
    assert_int_equal(g_array_index(all, PupSent, 0).bytes, 200);
    assert_int_equal(g_array_index(all, PupSent, 1).chunks, 2);
    assert_true(pup_catalog_forget_sent(f->catalog, "lab-101", 1, NULL));
    g_autoptr(GArray) rest = pup_catalog_sent(f->catalog, NULL);
    assert_int_equal(rest->len, 1);
}

/* A database of the first Pupitre keeps its seats and learns the rest. */
static void
test_older_database(void **state)
{
    Fixture *f = *state;
    sqlite3 *db;
    g_clear_pointer(&f->catalog, pup_catalog_free);
    assert_int_equal(unlink(f->db), 0);
    assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(
            db,
            "CREATE TABLE seat (mac TEXT PRIMARY KEY, room TEXT NOT NULL DEFAULT "
            "'', state TEXT NOT NULL DEFAULT 'booting', detail TEXT NOT NULL "
            "DEFAULT '', address TEXT NOT NULL DEFAULT '', version INTEGER NOT "
            "NULL DEFAULT 0, boot_started_ms INTEGER NOT NULL DEFAULT 0, "
            "last_seen_ms INTEGER NOT NULL DEFAULT 0);"
            "CREATE TABLE stage (mac TEXT NOT NULL, stage TEXT NOT NULL, at_ms "
            "INTEGER NOT NULL, PRIMARY KEY (mac, stage)) WITHOUT ROWID;"
            "INSERT INTO seat (mac, last_seen_ms) VALUES ('" MAC1 "', 5);"
            "PRAGMA user_version = 1;",
            NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    f->catalog = pup_catalog_open(f->db, f->rooms, NULL);
    assert_non_null(f->catalog);
    g_autoptr(GPtrArray) seats = pup_catalog_seats(f->catalog, 5, POLL_S, NULL);
    assert_int_equal(seat_of(seats, MAC1)->last_seen_ms, 5);
    PupSeatStats stats = {.reads = 7};
    assert_true(pup_catalog_set_stats(f->catalog, MAC1, &stats, NULL));
    assert_false(seat_of(seats, MAC1)->knows_clock);
    arrive(f, "one", 60000, 9);
    g_autoptr(GPtrArray) now = pup_catalog_seats(f->catalog, 9, POLL_S, NULL);
    assert_int_equal(seat_of(now, MAC1)->clock_off_ms, 60000);
}

static void
test_versions_in_use(void **state)
{
    Fixture *f = *state;
    const PupSeatStats stats = {.warm_version = 9, .warm_total = 1};
    const struct {
        const char *mac, *room;
        unsigned version;
        gint64 at_ms;
    } seen[] = {{MAC1, "lab-101", 7, 5000},
                {MAC2, "lab-101", 4, 1000},
                {MAC3, "lab-102", 5, 5000}};
    for (size_t i = 0; i < G_N_ELEMENTS(seen); i++)
        assert_true(pup_catalog_report(f->catalog, seen[i].mac, NULL, seen[i].room,
                                       seen[i].version, "running", NULL, seen[i].at_ms,
                                       NULL));
    assert_true(pup_catalog_set_stats(f->catalog, MAC1, &stats, NULL));
    g_autoptr(GArray) all = pup_catalog_versions_in_use(f->catalog, "lab-101", 0, NULL);
    g_autoptr(GArray) late =
        pup_catalog_versions_in_use(f->catalog, "lab-101", 2000, NULL);
    g_autoptr(GArray) none = pup_catalog_versions_in_use(f->catalog, "lab-103", 0, NULL);
    assert_int_equal(all->len, 3);
    assert_int_equal(late->len, 2);
    assert_int_equal(g_array_index(late, unsigned, 0), 7);
    assert_int_equal(g_array_index(late, unsigned, 1), 9);
    assert_int_equal(none->len, 0);
}

static void
test_warm(void **state)
{
    Fixture *f = *state;
    gint64 at_ms = -1;
    assert_true(add_room(f, "lab-101", MACS(MAC1), NULL));
    assert_true(pup_catalog_warm_at(f->catalog, "lab-101", 0, &at_ms, NULL));
    assert_int_equal(at_ms, 0);
    assert_true(pup_catalog_cancel_warm(f->catalog, "lab-101", NULL));
    assert_true(pup_catalog_warm(f->catalog, "lab-101", 100, NULL));
    assert_true(pup_catalog_warm(f->catalog, "lab-101", 5000, NULL));
    g_clear_pointer(&f->catalog, pup_catalog_free);
    f->catalog = pup_catalog_open(f->db, f->rooms, NULL);
    assert_true(pup_catalog_warm_at(f->catalog, "lab-101", 0, &at_ms, NULL));
    assert_int_equal(at_ms, 5000);
    PupPeering peering;
    assert_true(pup_catalog_peering(f->catalog, "lab-101", MAC1, 0, &peering, NULL));
    assert_int_equal(peering.warm_at_ms, 5000);
    pup_catalog_warm_at(f->catalog, "lab-101", 4999 + PUP_WARM_MS, &at_ms, NULL);
    assert_int_equal(at_ms, 5000);
    pup_catalog_warm_at(f->catalog, "lab-101", 5000 + PUP_WARM_MS, &at_ms, NULL);
    assert_int_equal(at_ms, 0);
    assert_true(pup_catalog_room_remove(f->catalog, "lab-101", NULL));
    pup_catalog_warm_at(f->catalog, "lab-101", 0, &at_ms, NULL);
    assert_int_equal(at_ms, 0);
}

/* What was said of a version goes with it, and with the room. */
static void
test_take(void **state)
{
    Fixture *f = *state;
    gboolean found;
    PupTake take = PUP_TAKE_NEXT_BOOT;
    assert_true(add_room(f, "lab-101", MACS(MAC1), NULL));
    assert_true(pup_catalog_take(f->catalog, "lab-101", 2, &found, &take, NULL));
    assert_false(found);
    assert_true(pup_catalog_set_take(f->catalog, "lab-101", 2, PUP_TAKE_IDLE, NULL));
    assert_true(pup_catalog_set_take(f->catalog, "lab-101", 2, PUP_TAKE_NOW, NULL));
    assert_true(pup_catalog_set_take(f->catalog, "lab-101", 3, PUP_TAKE_IDLE, NULL));
    g_clear_pointer(&f->catalog, pup_catalog_free);
    f->catalog = pup_catalog_open(f->db, f->rooms, NULL);
    assert_true(pup_catalog_take(f->catalog, "lab-101", 2, &found, &take, NULL));
    assert_true(found);
    assert_int_equal(take, PUP_TAKE_NOW);
    assert_true(pup_catalog_take(f->catalog, "lab-102", 2, &found, &take, NULL));
    assert_false(found);
    assert_true(pup_catalog_forget_sent(f->catalog, "lab-101", 2, NULL));
    assert_true(pup_catalog_take(f->catalog, "lab-101", 2, &found, &take, NULL));
    assert_false(found);
    assert_true(pup_catalog_set_take(f->catalog, "lab-101", 4, PUP_TAKE_NOW, NULL));
    assert_true(pup_catalog_forget_take(f->catalog, "lab-101", 4, NULL));
    assert_true(pup_catalog_take(f->catalog, "lab-101", 4, &found, &take, NULL));
    assert_false(found);
    assert_true(pup_catalog_take(f->catalog, "lab-101", 3, &found, &take, NULL));
    assert_true(found);
    assert_true(pup_catalog_room_remove(f->catalog, "lab-101", NULL));
    assert_true(pup_catalog_take(f->catalog, "lab-101", 3, &found, &take, NULL));
    assert_false(found);
}

static void
test_peering(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    PupPeering peering;
    assert_true(add_room(f, "lab-101", MACS(MAC1), NULL));
    assert_true(pup_catalog_peering(f->catalog, "lab-101", MAC1, 0, &peering, NULL));
    assert_string_equal(peering.neighbourhood, "lab-101");
    assert_true(peering.peers);
    assert_true(peering.is_seat);
    assert_true(pup_catalog_peering(f->catalog, "lab-101", MAC2, 0, &peering, NULL));
    assert_false(peering.is_seat);
    write_text(f, "lab-101",
               "[room]\nmaster = a\n[seat]\nneighbourhood = n\npeers = no\nuplink = 1\n");
    assert_true(pup_catalog_peering(f->catalog, "lab-101", MAC1, 1999, &peering, NULL));
    assert_true(peering.peers); /* not read anew yet */
    assert_true(pup_catalog_peering(f->catalog, "lab-101", MAC1, 2000, &peering, NULL));
    assert_false(peering.peers);
    assert_string_equal(peering.neighbourhood, "n");
    assert_int_equal(peering.uplink_kib_s, 122);
    assert_false(peering.is_seat); /* the new text has no seats */
    write_text(f, "lab-101", "nonsense");
    assert_true(pup_catalog_peering(f->catalog, "lab-101", MAC1, 9000, &peering, NULL));
    assert_string_equal(peering.neighbourhood, "n");
    assert_true(pup_catalog_room_remove(f->catalog, "lab-101", NULL));
    assert_false(
        pup_catalog_peering(f->catalog, "lab-101", MAC1, 19000, &peering, &error));
    assert_code(error, PUP_ERROR_NOT_FOUND);
}

int
main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_rooms),
        TEST(test_room_errors),
        TEST(test_mac_in_two_rooms),
        TEST(test_copied_profile),
        TEST(test_moved_profile),
        TEST(test_last_good_profile),
        TEST(test_no_profiles),
        TEST(test_find_seat),
        TEST(test_broken_profile),
        TEST(test_two_add_the_same_macs),
        TEST(test_a_boot),
        TEST(test_when_a_boot_begins),
        TEST(test_when_a_seat_is_silent),
        TEST(test_server_away),
        TEST(test_clock_was_ahead),
        TEST(test_clock_is_set),
        TEST(test_starts_are_no_boots),
        TEST(test_sums_are_bounded),
        TEST(test_strangers_are_bounded),
        TEST(test_boots_are_kept),
        TEST(test_boot_gets_its_id),
        TEST(test_seats_sorted),
        TEST(test_report),
        TEST(test_several_at_once),
        TEST(test_database_that_cannot_be_used),
        TEST(test_stats),
        TEST(test_sent),
        TEST(test_older_database),
        TEST(test_peering),
        TEST(test_catalog_without_its_database),
        TEST(test_versions_in_use),
        TEST(test_warm),
        TEST(test_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
