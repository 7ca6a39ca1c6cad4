/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pure parts that measure and judge other seats: latency, avoid, pacer, stats. */
#include "config.h"

#include "tests/unit/unit.h"

#include <pthread.h>

#include "client-image/stream/avoid.h"
#include "client-image/stream/pacer.h"
#include "client-image/stream/stats.h"

#define MS 1000
#define S (1000 * MS)

/* @us, or at most an eighth more. */
static void
assert_about(gint64 value, gint64 us)
{
    if (value < us || value > us + us / 8)
        fail_msg("%" G_GINT64_FORMAT " is not about %" G_GINT64_FORMAT, value, us);
}

static void
test_percentiles(void **state)
{
    g_autoptr(PupLatency) latency = pup_latency_new(0);

    assert_int_equal(pup_latency_percentile(latency, 50), 0);
    for (gint64 ms = 1; ms <= 1000; ms++)
        pup_latency_note(latency, ms * MS);
    assert_about(pup_latency_percentile(latency, 1), 10 * MS);
    assert_about(pup_latency_percentile(latency, 50), 500 * MS);
    assert_about(pup_latency_percentile(latency, 99), 990 * MS);
    assert_about(pup_latency_percentile(latency, 100), 1000 * MS);
}

static void
test_all_sizes(void **state)
{
    for (gint64 us = 0; us < (gint64) 4000 * S; us = us * 3 / 2 + 1) {
        g_autoptr(PupLatency) latency = pup_latency_new(0);
        pup_latency_note(latency, us);
        assert_about(pup_latency_percentile(latency, 50), MIN(us, G_MAXINT32));
    }
}

static void
test_old_durations_fade(void **state)
{
    g_autoptr(PupLatency) latency = pup_latency_new(100);

    for (unsigned i = 0; i < 1000; i++)
        pup_latency_note(latency, 10 * MS);
    for (unsigned i = 0; i < 300; i++)
        pup_latency_note(latency, 200 * MS);
    assert_about(pup_latency_percentile(latency, 25), 200 * MS);
}

static void
note_many(PupLatency *latency, unsigned n, gint64 us)
{
    for (unsigned i = 0; i < n; i++)
        pup_latency_note(latency, us);
}

static void
test_deadlines(void **state)
{
    static const struct {
        unsigned n;
        gint64 us, deadline_us;
    } cases[] = {
        {0, 0, PUP_LATENCY_START_US},
        {PUP_LATENCY_ENOUGH - 1, 5 * S, PUP_LATENCY_START_US},
        {PUP_LATENCY_ENOUGH, 5 * S, PUP_LATENCY_CEILING_US},
        {PUP_LATENCY_ENOUGH, 1 * MS, PUP_LATENCY_FLOOR_US},
        {100, 100 * MS, 300 * MS},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(PupLatency) latency = pup_latency_new(0);
        note_many(latency, cases[i].n, cases[i].us);
        assert_about(pup_latency_deadline(latency), cases[i].deadline_us);
    }
}

/* One odd one in a hundred does not make us patient. */
static void
test_deadline_ignores_outliers(void **state)
{
    g_autoptr(PupLatency) latency = pup_latency_new(0);

    note_many(latency, 99, 40 * MS);
    note_many(latency, 1, 10 * S);
    assert_about(pup_latency_deadline(latency), 120 * MS);
}

static void
test_wrong_bytes_are_avoided_for_minutes(void **state)
{
    g_autoptr(PupAvoid) avoid = pup_avoid_new();

    assert_false(pup_avoid_is(avoid, "a", 0));
    assert_true(pup_avoid_blame(avoid, "a", PUP_FAULT_CORRUPT, 0));
    pup_avoid_forgive(avoid, "a");
    assert_true(pup_avoid_is(avoid, "a", (gint64) 200 * S));
    assert_false(pup_avoid_is(avoid, "b", 0));
    assert_false(pup_avoid_is(avoid, "a", (gint64) 400 * S));
}

static void
test_absence_is_avoided_longer_each_time(void **state)
{
    g_autoptr(PupAvoid) avoid = pup_avoid_new();
    gint64 now_us = 0, last_us = 0;

    for (unsigned i = 0; i < 12; i++) {
        gint64 begun_us = now_us;
        assert_int_equal(pup_avoid_blame(avoid, "a", PUP_FAULT_UNREACHABLE, now_us),
                         i == 1);
        assert_false(pup_avoid_blame(avoid, "a", PUP_FAULT_UNREACHABLE, now_us));
        while (pup_avoid_is(avoid, "a", now_us))
            now_us += 100 * MS;
        assert_in_range(now_us - begun_us, MAX(last_us, S / 2), 30 * S);
        last_us = now_us - begun_us;
    }
    assert_int_equal(last_us, 30 * S);
    pup_avoid_forgive(avoid, "a");
    pup_avoid_blame(avoid, "a", PUP_FAULT_UNREACHABLE, now_us);
    assert_false(pup_avoid_is(avoid, "a", now_us + S));
}

static void
test_slow_once_is_forgiven(void **state)
{
    g_autoptr(PupAvoid) avoid = pup_avoid_new();

    assert_false(pup_avoid_blame(avoid, "a", PUP_FAULT_SLOW, 0));
    assert_false(pup_avoid_is(avoid, "a", 0));
    assert_true(pup_avoid_blame(avoid, "a", PUP_FAULT_SLOW, 1));
    assert_true(pup_avoid_is(avoid, "a", 2));
}

/* 1000 bytes a millisecond: what is sent in ten seconds is what the rate allows, and a
 * quarter of a second of credit. */
static void
test_pacer_holds_the_rate(void **state)
{
    PupPacer pacer = {0};
    gint64 now_us = 100 * (gint64) S, end_us = now_us + 10 * S;
    guint64 sent = 0;

    while (now_us < end_us) {
        gint64 at_us = pup_pacer_take(&pacer, 60000, 1000000, now_us, S);
        assert_true(at_us <= now_us + S);
        now_us = MAX(now_us, at_us);
        sent += 60000;
    }
    assert_in_range(sent, 10 * 1000000, 10 * 1000000 + 250000 + 2 * 60000);
}

static void
test_pacer_refuses_what_waits_too_long(void **state)
{
    PupPacer pacer = {0};

    assert_true(pup_pacer_take(&pacer, 2000000, 1000000, 10 * S, S) <= 10 * S);
    assert_true(pup_pacer_take(&pacer, 1, 1000000, 10 * S, S) == G_MAXINT64);
    assert_true(pup_pacer_take(&pacer, 1, 1000000, 11 * S, S) > 11 * S);
    assert_true(pup_pacer_take(&pacer, 1, 0, 10 * S, 0) == 10 * S);
}

static void *
add_thousand(void *stats)
{
    for (unsigned i = 0; i < 1000; i++) {
        pup_stats_add(stats, PUP_STAT_READS, 1);
        pup_stats_note_read(stats, 1000);
    }
    return NULL;
}

static void
test_stats_from_many_threads(void **state)
{
    g_autoptr(PupStats) stats = pup_stats_new();
    pthread_t threads[4];
    json_t *object;

    for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_create(&threads[i], NULL, add_thousand, stats);
    for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    pup_stats_set(stats, PUP_STAT_WARM_VERSION, 7);
    object = pup_stats_to_json(stats);
    assert_int_equal(json_object_size(object), 15);
    assert_int_equal(json_integer_value(json_object_get(object, "reads")), 4000);
    assert_int_equal(json_integer_value(json_object_get(object, "warm_version")), 7);
    assert_about(json_integer_value(json_object_get(object, "read_p99_us")), 1000);
    json_decref(object);
    pup_stats_add(NULL, PUP_STAT_READS, 1);
    assert_int_equal(pup_stats_get(NULL, PUP_STAT_READS), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_percentiles),
        cmocka_unit_test(test_all_sizes),
        cmocka_unit_test(test_old_durations_fade),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_deadline_ignores_outliers),
        cmocka_unit_test(test_wrong_bytes_are_avoided_for_minutes),
        cmocka_unit_test(test_absence_is_avoided_longer_each_time),
        cmocka_unit_test(test_slow_once_is_forgiven),
        cmocka_unit_test(test_pacer_holds_the_rate),
        cmocka_unit_test(test_pacer_refuses_what_waits_too_long),
        cmocka_unit_test(test_stats_from_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
