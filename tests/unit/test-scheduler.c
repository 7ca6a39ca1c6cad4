/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The scheduler with a clock of our own and a command that does what the test wants: the
 * real one is run by tests/e2e/cli-schedule.sh.
 */
#include "config.h"

#include "tests/unit/unit.h"

#include <gio/gio.h>
#include <signal.h>
#include "server/schedule/rule.h"
#include "server/schedule/scheduler.h"

#define HOUR_MS (3600 * 1000)
#define DEADLINE_US (120 * G_USEC_PER_SEC)
#define START_MS (G_GINT64_CONSTANT(1795240800) * 1000) /* 2026-11-21 06:00 UTC */

typedef struct {
    char *dir, *program, *log;
    PupCatalog *catalog;
    PupScheduler *scheduler;
} Fixture;

static gint64 clock_ms;

static gint64
now_ms(void)
{
    return clock_ms;
}

static void
open_scheduler(Fixture *f)
{
    PupSchedulerOptions options = {f->catalog, f->program, "x.conf", now_ms};
    f->scheduler = pup_scheduler_new(&options);
}

/* Callbacks of what was cancelled run, too, before memory is looked at. */
static void
drain(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
close_scheduler(Fixture *f)
{
    g_clear_pointer(&f->scheduler, pup_scheduler_free);
    drain();
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    f->dir = unit_make_dir();
    g_autofree char *db = g_build_filename(f->dir, "catalog.db", NULL);
    f->program = g_build_filename(f->dir, "pupitre", NULL);
    f->log = g_build_filename(f->dir, "log", NULL);
    f->catalog = pup_catalog_open(db, f->dir, NULL);
    assert_non_null(f->catalog);
    clock_ms = START_MS;
    open_scheduler(f);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;
    close_scheduler(f);
    pup_catalog_free(f->catalog);
    unit_remove_dir(f->dir);
    g_free(f->program);
    g_free(f->log);
    g_free(f);
    return 0;
}

/* The command becomes @script, after it has written down how it was called. */
static void
set_program(Fixture *f, const char *script)
{
    g_autofree char *text =
        g_strdup_printf("#!/bin/sh\necho \"$*\" >>'%s'\n%s\n", f->log, script);
    assert_true(g_file_set_contents(f->program, text, -1, NULL));
    assert_int_equal(g_chmod(f->program, 0755), 0);
}

static void
schedule(Fixture *f, const char *room, const char *rule, gint64 next_ms)
{
    PupSchedule made = {.once = *rule == '\0', .next_ms = next_ms};
    g_strlcpy(made.room, room, sizeof made.room);
    g_strlcpy(made.rule, rule, sizeof made.rule);
    g_strlcpy(made.options, made.once ? "" : "--seats=idle", sizeof made.options);
    assert_true(pup_catalog_schedule(f->catalog, &made, NULL));
}

/* How often the command was called. */
static unsigned
n_calls(Fixture *f)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(f->log, &text, NULL, NULL))
        return 0;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    return g_strv_length(lines) - 1;
}

/* Tick until the last run of @room has ended, and check how. */
static void
assert_ends(Fixture *f, const char *room, int status, const char *words)
{
    gint64 deadline_us = g_get_monotonic_time() + DEADLINE_US;
    for (;;) {
        pup_scheduler_tick(f->scheduler);
        drain();
        g_autoptr(GArray) runs = pup_catalog_runs(f->catalog, room, NULL);
        const PupScheduleRun *run =
            runs->len ? &g_array_index(runs, PupScheduleRun, 0) : NULL;
        if (run && run->ended_ms) {
            assert_int_equal(run->status, status);
            assert_string_equal(run->words, words);
            return;
        }
        assert_true(g_get_monotonic_time() < deadline_us);
        g_usleep(5000);
    }
}

static void
assert_next(Fixture *f, const char *room, gint64 next_ms)
{
    g_autoptr(GArray) all = pup_catalog_schedules(f->catalog, room, NULL);
    assert_int_equal(all->len, next_ms ? 1 : 0);
    if (next_ms)
        assert_int_equal(g_array_index(all, PupSchedule, 0).next_ms, next_ms);
}

static gint64
next_of(const char *text)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    PupRule rule;
    assert_true(pup_rule_parse(text, &rule, NULL));
    return pup_rule_next(&rule, zone, clock_ms);
}

/* Nothing happens before the time; then the command is called as it should be, once. */
static void
runs_when_due(void **state)
{
    Fixture *f = *state;
    g_autofree char *called = NULL;
    set_program(f, "echo one; echo 'lab@3 is published'; echo note >&2");
    schedule(f, "lab", "daily 06:00", START_MS + HOUR_MS);
    pup_scheduler_tick(f->scheduler);
    drain();
    clock_ms += HOUR_MS;
    assert_ends(f, "lab", 0, "lab@3 is published");
    assert_true(g_file_get_contents(f->log, &called, NULL, NULL));
    assert_string_equal(called, "--config x.conf room regenerate lab --seats=idle\n");
    assert_next(f, "lab", next_of("daily 06:00"));
    pup_scheduler_tick(f->scheduler);
    assert_int_equal(n_calls(f), 1);
}

/* The last line of standard error says why; a signal has a status, too; what cannot be
 * started is told. All of them are due again. */
static void
failures(void **state)
{
    static const struct {
        const char *script;
        int status;
        const char *words;
    } rows[] = {
        {"echo out; echo first >&2; echo 'no space' >&2; exit 5", 5, "no space"},
        {"kill -KILL $$", 137, ""},
        {"printf 'caf\\351\\n' >&2; exit 2", 2, "caf\357\277\275"},
    };
    Fixture *f = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *room = g_strdup_printf("lab-%zu", i);
        set_program(f, rows[i].script);
        schedule(f, room, "daily 06:00", clock_ms);
        assert_ends(f, room, rows[i].status, rows[i].words);
        assert_next(f, room, next_of("daily 06:00"));
    }
    assert_int_equal(g_unlink(f->program), 0);
    schedule(f, "lab", "daily 06:00", clock_ms);
    pup_scheduler_tick(f->scheduler);
    g_autoptr(GArray) runs = pup_catalog_runs(f->catalog, "lab", NULL);
    assert_int_equal(g_array_index(runs, PupScheduleRun, 0).status, PUP_RUN_NO_STATUS);
    assert_non_null(strstr(g_array_index(runs, PupScheduleRun, 0).words, f->program));
}

/* Two rooms that are due at the same time go one after the other. */
static void
one_at_a_time(void **state)
{
    Fixture *f = *state;
    set_program(f, "mkdir \"${0%/*}/busy\" || exit 9; sleep 0.2; rmdir \"${0%/*}/busy\"; "
                   "echo well");
    schedule(f, "a", "", START_MS);
    schedule(f, "b", "", START_MS);
    assert_ends(f, "a", 0, "well");
    assert_ends(f, "b", 0, "well");
    assert_next(f, NULL, 0);
}

/* Late is done, too late is not: that would be the middle of a class. */
static void
missed(void **state)
{
    Fixture *f = *state;
    set_program(f, "echo well");
    schedule(f, "late", "", START_MS - PUP_SCHEDULE_LATE_MS + 1);
    schedule(f, "too-late", "daily 06:00", START_MS - PUP_SCHEDULE_LATE_MS);
    assert_ends(f, "late", 0, "well");
    assert_ends(f, "too-late", PUP_RUN_NO_STATUS,
                "missed: the server was not ready for it for twelve hours");
    assert_int_equal(n_calls(f), 1);
    assert_next(f, "late", 0);
    assert_next(f, "too-late", next_of("daily 06:00"));
}

/* The clock was wrong when the next time was reckoned. */
static void
clock_set_back(void **state)
{
    Fixture *f = *state;
    schedule(f, "lab", "daily 06:00", START_MS + 100 * 24 * (gint64) HOUR_MS);
    pup_scheduler_tick(f->scheduler);
    assert_next(f, "lab", next_of("daily 06:00"));
    assert_int_equal(n_calls(f), 0);
}

static void
wait_for_calls(Fixture *f, unsigned n)
{
    gint64 deadline_us = g_get_monotonic_time() + DEADLINE_US;
    while (n_calls(f) < n) {
        assert_true(g_get_monotonic_time() < deadline_us);
        drain();
        g_usleep(5000);
    }
}

/* The daemon's end is the child's; the next daemon says so, and does it again. */
static void
daemon_ends_meanwhile(void **state)
{
    Fixture *f = *state;
    set_program(f, "trap 'echo ended >\"$0.ended\"; exit 1' TERM\n"
                   "echo ready >>\"${0%/*}/log\"; sleep 60 & wait");
    schedule(f, "lab", "", START_MS);
    pup_scheduler_tick(f->scheduler);
    wait_for_calls(f, 2);
    close_scheduler(f);
    g_autofree char *ended = g_strconcat(f->program, ".ended", NULL);
    assert_true(g_file_test(ended, G_FILE_TEST_EXISTS));

    set_program(f, "echo well");
    open_scheduler(f);
    g_autoptr(GArray) runs = pup_catalog_runs(f->catalog, "lab", NULL);
    assert_non_null(
        strstr(g_array_index(runs, PupScheduleRun, 0).words, "the server ended"));
    pup_scheduler_tick(f->scheduler);
    wait_for_calls(f, 3);
    assert_ends(f, "lab", 0, "well");
    assert_next(f, "lab", 0);
}

/* Something that the command left behind holds its output open. */
static void
output_held_open(void **state)
{
    Fixture *f = *state;
    set_program(f, "sleep 60 & echo $! >\"$0.pid\"; echo well");
    schedule(f, "lab", "", START_MS);
    assert_ends(f, "lab", 0, "well");
    g_autofree char *path = g_strconcat(f->program, ".pid", NULL);
    g_autofree char *pid = NULL;
    assert_true(g_file_get_contents(path, &pid, NULL, NULL));
    kill((pid_t) g_ascii_strtoll(pid, NULL, 10), SIGKILL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(runs_when_due, setup, teardown),
        cmocka_unit_test_setup_teardown(failures, setup, teardown),
        cmocka_unit_test_setup_teardown(one_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(missed, setup, teardown),
        cmocka_unit_test_setup_teardown(clock_set_back, setup, teardown),
        cmocka_unit_test_setup_teardown(daemon_ends_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(output_held_open, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
