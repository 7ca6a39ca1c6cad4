/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a guest that fills its space is warned of, at several paces. */
#include "config.h"

#include "tests/unit/unit.h"

#include "client-image/seat/fill.h"

#define MIB (G_GUINT64_CONSTANT(1024) * 1024)
#define LOOK_S 2

typedef struct {
    PupFill fill;
    PupSpace space;
    int now_s;
    int warned_s;    /* when the first warning was shown; -1: never */
    int shown_s;     /* how long there was something on the screen */
    unsigned n_said; /* how often the text was new or came back */
    char *text;      /* the last that was shown */
} Run;

/* @seconds long @kib_per_s are written. */
static void
write_on(Run *run, int seconds, guint64 kib_per_s)
{
    for (int end_s = run->now_s + seconds; run->now_s < end_s; run->now_s += LOOK_S) {
        gboolean news =
            pup_fill_look(&run->fill, &run->space, (gint64) run->now_s * 1000);
        g_autoptr(PupWords) words = pup_fill_words(&run->fill, FALSE);
        gboolean shown = words && *words->text;

        if (shown && run->warned_s < 0)
            run->warned_s = run->now_s;
        if (shown && news) {
            run->n_said++;
            g_free(run->text);
            run->text = g_strdup(words->text);
        }
        if (words)
            assert_true(*words->detail != '\0');
        run->shown_s += shown ? LOOK_S : 0;
        run->space.used_bytes =
            MIN(run->space.used_bytes + kib_per_s * 1024 * LOOK_S, run->space.size_bytes);
    }
}

static Run
begin(guint64 size_mib)
{
    return (Run){.space = {.size_bytes = size_mib * MIB}, .warned_s = -1};
}

/* Seconds from the first warning until it was full. */
static int
time_to_save(guint64 size_mib, guint64 kib_per_s)
{
    Run run = begin(size_mib);

    while (run.space.used_bytes < run.space.size_bytes)
        write_on(&run, LOOK_S, kib_per_s);
    g_free(run.text);
    return run.warned_s < 0 ? 0 : run.now_s - run.warned_s;
}

static void
test_minutes_are_left(void **state)
{
    static const struct {
        guint64 size_mib, kib_per_s;
        int at_least_s;
    } rows[] = {
        {1024, 2048, 280}, {2048, 2048, 280}, {4096, 4096, 280}, {512, 2048, 180},
        {1024, 512, 280},  {1024, 64, 3000},  {100, 2048, 34},   {2048, 20480, 70},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int time_s = time_to_save(rows[i].size_mib, rows[i].kib_per_s);

        if (time_s < rows[i].at_least_s)
            fail_msg("%u MiB at %u KiB/s: warned %d s before, not %d",
                     (unsigned) rows[i].size_mib, (unsigned) rows[i].kib_per_s, time_s,
                     rows[i].at_least_s);
    }
}

/* A start writes fast, then hardly at all. */
static void
test_a_start_is_no_alarm(void **state)
{
    Run run = begin(1024);

    write_on(&run, 40, 5 * 1024);
    write_on(&run, 3600, 20);
    assert_int_equal(run.warned_s, -1);
    assert_null(run.text);
}

static void
test_calmly_repeated(void **state)
{
    Run run = begin(1000);

    run.space.used_bytes = 850 * MIB;
    write_on(&run, 1200, 0);
    assert_int_equal(run.warned_s, 0);
    assert_in_range(run.shown_s, 200, 400); /* half a minute in two */
    assert_in_range(run.n_said, 8, 12);
    assert_string_equal(run.text, "Only 150 MiB left for what changes on this PC. Save "
                                  "your work on a stick or a share now.");
    g_free(run.text);
}

/* In the last minute it stays, with what is left. */
static void
test_urgent(void **state)
{
    Run run = begin(1000);

    run.space.used_bytes = 960 * MIB;
    write_on(&run, 60, 0);
    assert_int_equal(run.shown_s, 60);
    write_on(&run, 20, 1024);
    assert_non_null(strstr(run.text, "enough for about "));
    g_free(run.text);
}

/* Files were deleted: it is over, and said no more. */
static void
test_over(void **state)
{
    Run run = begin(1000);
    g_autoptr(PupWords) words = NULL;

    run.space.used_bytes = 850 * MIB;
    write_on(&run, 4, 0);
    run.space.used_bytes = 760 * MIB; /* not yet: or it would come and go */
    write_on(&run, 4, 0);
    words = pup_fill_words(&run.fill, FALSE);
    assert_non_null(words);
    run.space.used_bytes = 400 * MIB;
    assert_true(pup_fill_look(&run.fill, &run.space, (gint64) run.now_s * 1000));
    assert_null(pup_fill_words(&run.fill, FALSE));
    g_free(run.text);
}

/* What helps is not the same where a PC keeps what is written. */
static void
test_what_helps(void **state)
{
    PupFill fill = {0};
    PupSpace space = {.used_bytes = 85 * MIB, .size_bytes = 100 * MIB};
    g_autoptr(PupWords) fresh = NULL;
    g_autoptr(PupWords) kept = NULL;

    assert_true(pup_fill_look(&fill, &space, 0));
    fresh = pup_fill_words(&fill, FALSE);
    kept = pup_fill_words(&fill, TRUE);
    assert_non_null(strstr(fresh->text, "Only 15 MiB left"));
    assert_non_null(strstr(fresh->more, "switching the PC off and on, empties"));
    assert_non_null(strstr(fresh->more, "a restart does not"));
    assert_null(strstr(kept->more, "empties"));
    assert_non_null(strstr(kept->more, "starts afresh without what it kept"));
}

static void
test_unknown_space(void **state)
{
    Run run = begin(0);

    write_on(&run, 600, 1024);
    assert_int_equal(run.warned_s, -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minutes_are_left),
        cmocka_unit_test(test_a_start_is_no_alarm),
        cmocka_unit_test(test_calmly_repeated),
        cmocka_unit_test(test_urgent),
        cmocka_unit_test(test_over),
        cmocka_unit_test(test_what_helps),
        cmocka_unit_test(test_unknown_space),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
