/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/catalog/schedules.h"

typedef struct {
    char *dir, *db;
    PupCatalog *catalog;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    f->dir = unit_make_dir();
    f->db = g_build_filename(f->dir, "catalog.db", NULL);
    f->catalog = pup_catalog_open(f->db, f->dir, NULL);
    assert_non_null(f->catalog);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;
    pup_catalog_free(f->catalog);
    unit_remove_dir(f->dir);
    g_free(f->db);
    g_free(f);
    return 0;
}

static PupSchedule
schedule(const char *room, const char *rule, gint64 next_ms)
{
    PupSchedule made = {.once = *rule == '\0', .next_ms = next_ms};
    g_strlcpy(made.room, room, sizeof made.room);
    g_strlcpy(made.rule, rule, sizeof made.rule);
    return made;
}

static void
keep(Fixture *f, PupSchedule made)
{
    GError *error = NULL;
    pup_catalog_schedule(f->catalog, &made, &error);
    unit_assert_no_error(error);
}

/* The schedules of @room are due at @expected, "10 20", the next one first. */
static void
assert_due(Fixture *f, const char *room, const char *expected)
{
    g_autoptr(GArray) all = pup_catalog_schedules(f->catalog, room, NULL);
    g_autoptr(GString) times = g_string_new(NULL);
    assert_non_null(all);
    for (guint i = 0; i < all->len; i++)
        g_string_append_printf(times, "%s%" G_GINT64_FORMAT, i ? " " : "",
                               g_array_index(all, PupSchedule, i).next_ms);
    assert_string_equal(times->str, expected);
}

/* One of each kind a room, the later word counts; another connection sees them. */
static void
one_of_each_kind(void **state)
{
    Fixture *f = *state;
    PupSchedule full = schedule("b", "weekly mon 06:00", 30);
    g_strlcpy(full.options, "--seats=idle", sizeof full.options);
    keep(f, schedule("a", "daily 06:00", 40));
    keep(f, schedule("a", "daily 07:00", 20));
    keep(f, schedule("a", "", 50));
    keep(f, schedule("a", "", 10));
    keep(f, full);
    g_clear_pointer(&f->catalog, pup_catalog_free);
    f->catalog = pup_catalog_open(f->db, f->dir, NULL);
    assert_due(f, NULL, "10 20 30");
    assert_due(f, "a", "10 20");
    assert_due(f, "c", "");
    g_autoptr(GArray) all = pup_catalog_schedules(f->catalog, "b", NULL);
    const PupSchedule *read = &g_array_index(all, PupSchedule, 0);
    assert_string_equal(read->room, "b");
    assert_string_equal(read->rule, "weekly mon 06:00");
    assert_string_equal(read->options, "--seats=idle");
    assert_false(read->once);
}

static void
forgotten(void **state)
{
    Fixture *f = *state;
    unsigned n = 9;
    assert_true(pup_catalog_unschedule(f->catalog, "a", &n, NULL));
    assert_int_equal(n, 0);
    keep(f, schedule("a", "daily 06:00", 10));
    keep(f, schedule("a", "", 20));
    keep(f, schedule("b", "", 30));
    assert_true(pup_catalog_unschedule(f->catalog, "a", &n, NULL));
    assert_int_equal(n, 2);
    assert_due(f, NULL, "30");
}

/* What was carried out goes on or goes away; what was changed meanwhile stays. */
static void
carried_out(void **state)
{
    Fixture *f = *state;
    PupSchedule daily = schedule("a", "daily 06:00", 10), single = schedule("b", "", 20);
    keep(f, daily);
    keep(f, single);
    assert_true(pup_catalog_schedule_done(f->catalog, &daily, 100, NULL));
    assert_true(pup_catalog_schedule_done(f->catalog, &single, 100, NULL));
    assert_due(f, NULL, "100");

    keep(f, schedule("a", "daily 07:00", 50));
    keep(f, schedule("b", "", 60));
    assert_true(pup_catalog_schedule_done(f->catalog, &daily, 200, NULL));
    assert_true(pup_catalog_schedule_done(f->catalog, &single, 200, NULL));
    assert_due(f, NULL, "50 60");
    assert_true(pup_catalog_unschedule(f->catalog, "a", NULL, NULL));
    assert_true(pup_catalog_schedule_done(f->catalog, &daily, 300, NULL));
    assert_due(f, NULL, "60");
}

static void
last_run(void **state)
{
    Fixture *f = *state;
    PupScheduleRun run = {"a", 10, 11, 0, 0, NULL};
    assert_true(pup_catalog_set_run(f->catalog, &run, NULL));
    run.ended_ms = 99;
    run.status = 5;
    run.words = (char *) "no \"space\" 'left'";
    assert_true(pup_catalog_set_run(f->catalog, &run, NULL));
    g_strlcpy(run.room, "b", sizeof run.room);
    assert_true(pup_catalog_set_run(f->catalog, &run, NULL));
    g_autoptr(GArray) all = pup_catalog_runs(f->catalog, NULL, NULL);
    g_autoptr(GArray) of_a = pup_catalog_runs(f->catalog, "a", NULL);
    const PupScheduleRun *read = &g_array_index(of_a, PupScheduleRun, 0);
    assert_int_equal(all->len, 2);
    assert_int_equal(of_a->len, 1);
    assert_int_equal(read->due_ms, 10);
    assert_int_equal(read->started_ms, 11);
    assert_int_equal(read->ended_ms, 99);
    assert_int_equal(read->status, 5);
    assert_string_equal(read->words, run.words);
}

/* A room of the same name that is made later has nothing of it. */
static void
gone_with_the_room(void **state)
{
    Fixture *f = *state;
    GError *error = NULL;
    const PupScheduleRun run = {"a", 10, 11, 12, 0, NULL};
    g_autoptr(PupRoomProfile) profile = pup_room_profile_new("a", "win", 0);
    assert_true(pup_catalog_room_write(f->catalog, "a", profile, TRUE, &error));
    keep(f, schedule("a", "daily 06:00", 10));
    keep(f, schedule("b", "", 20));
    assert_true(pup_catalog_set_run(f->catalog, &run, NULL));
    assert_true(pup_catalog_room_remove(f->catalog, "a", &error));
    assert_due(f, NULL, "20");
    g_autoptr(GArray) runs = pup_catalog_runs(f->catalog, NULL, NULL);
    assert_int_equal(runs->len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_of_each_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(carried_out, setup, teardown),
        cmocka_unit_test_setup_teardown(last_run, setup, teardown),
        cmocka_unit_test_setup_teardown(gone_with_the_room, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
