/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "client-image/stream/queue.h"

static const PupName a = {{1}};
static const PupName b = {{2}};
static const PupName c = {{3}};

static int
setup(void **state)
{
    *state = pup_queue_new(1, 1);
    return 0;
}

static int
teardown(void **state)
{
    pup_queue_free(*state);
    return 0;
}

static PupJob *
take_expecting(PupQueue *queue, gint64 now_us, const PupName *name)
{
    gint64 next_us;
    PupJob *job = pup_queue_take(queue, now_us, &next_us);

    assert_non_null(job);
    assert_memory_equal(&job->name, name, sizeof *name);
    return job;
}

static gint64
take_nothing(PupQueue *queue, gint64 now_us)
{
    gint64 next_us = 0;

    assert_null(pup_queue_take(queue, now_us, &next_us));
    return next_us;
}

static void
test_now_overtakes_ahead(void **state)
{
    PupQueue *queue = *state;

    assert_true(pup_queue_want(queue, &a, PUP_FETCH_AHEAD, 0));
    assert_true(pup_queue_want(queue, &b, PUP_FETCH_NOW, 0));
    pup_queue_done(queue, take_expecting(queue, 0, &b));
    take_expecting(queue, 0, &a);
    assert_int_equal(take_nothing(queue, 0), G_MAXINT64);
}

static void
test_now_has_the_wire_for_itself(void **state)
{
    PupQueue *queue = *state;
    PupJob *job;

    pup_queue_want(queue, &a, PUP_FETCH_AHEAD, 0);
    pup_queue_want(queue, &b, PUP_FETCH_NOW, 0);
    job = take_expecting(queue, 0, &b);
    take_nothing(queue, 0);
    pup_queue_want(queue, &c, PUP_FETCH_NOW, 0);
    take_expecting(queue, 0, &c);
    assert_false(pup_queue_came(queue, job));
    take_nothing(queue, 0);
    pup_queue_again(queue, job, 100);
    take_nothing(queue, 0);
}

static void
test_ahead_goes_while_now_is_checked(void **state)
{
    PupQueue *queue = *state;
    PupJob *job;

    pup_queue_want(queue, &a, PUP_FETCH_AHEAD, 0);
    pup_queue_want(queue, &b, PUP_FETCH_NOW, 0);
    job = take_expecting(queue, 0, &b);
    assert_true(pup_queue_came(queue, job));
    take_expecting(queue, 0, &a);
    pup_queue_done(queue, job);
}

/* Another seat's request: after our guest's, before what is only foreseen, and it does
 * not wait for the wire. */
static void
test_peer_is_in_between(void **state)
{
    PupQueue *queue = *state;
    PupJob *now, *peer;

    pup_queue_want(queue, &a, PUP_FETCH_AHEAD, 0);
    pup_queue_want(queue, &b, PUP_FETCH_PEER, 0);
    pup_queue_want(queue, &c, PUP_FETCH_NOW, 0);
    now = take_expecting(queue, 0, &c);
    peer = take_expecting(queue, 0, &b);
    pup_queue_done(queue, now);
    take_nothing(queue, 0);
    pup_queue_done(queue, peer);
    take_expecting(queue, 0, &a);
}

static void
test_peer_hurries_ahead_not_now(void **state)
{
    PupQueue *queue = *state;

    pup_queue_want(queue, &a, PUP_FETCH_AHEAD, 0);
    pup_queue_want(queue, &b, PUP_FETCH_AHEAD, 0);
    assert_true(pup_queue_want(queue, &b, PUP_FETCH_PEER, 0));
    assert_false(pup_queue_hurry(queue, &b, PUP_FETCH_PEER));
    assert_true(pup_queue_hurry(queue, &b, PUP_FETCH_NOW));
    assert_false(pup_queue_hurry(queue, &b, PUP_FETCH_PEER));
    assert_int_equal(take_expecting(queue, 0, &b)->urgency, PUP_FETCH_NOW);
}

static void
test_hurry_overtakes(void **state)
{
    PupQueue *queue = *state;

    pup_queue_want(queue, &a, PUP_FETCH_AHEAD, 0);
    pup_queue_want(queue, &b, PUP_FETCH_AHEAD, 0);
    assert_true(pup_queue_hurry(queue, &b, PUP_FETCH_NOW));
    assert_false(pup_queue_hurry(queue, &c, PUP_FETCH_NOW));
    assert_int_equal(take_expecting(queue, 0, &b)->urgency, PUP_FETCH_NOW);
}

static void
test_wanted_twice_is_one_job(void **state)
{
    PupQueue *queue = *state;
    PupJob *job;

    pup_queue_want(queue, &a, PUP_FETCH_NOW, 0);
    assert_false(pup_queue_want(queue, &a, PUP_FETCH_NOW, 0));
    job = take_expecting(queue, 0, &a);
    assert_false(pup_queue_want(queue, &a, PUP_FETCH_NOW, 0));
    take_nothing(queue, 0);
    pup_queue_done(queue, job);
    assert_true(pup_queue_want(queue, &a, PUP_FETCH_NOW, 0));
}

static void
test_ahead_leaves_threads_free(void **state)
{
    PupQueue *queue = *state;
    PupJob *job, *other;

    pup_queue_want(queue, &a, PUP_FETCH_AHEAD, 0);
    pup_queue_want(queue, &b, PUP_FETCH_AHEAD, 0);
    job = take_expecting(queue, 0, &a);
    take_nothing(queue, 0);
    pup_queue_want(queue, &c, PUP_FETCH_NOW, 0);
    other = take_expecting(queue, 0, &c);
    pup_queue_done(queue, job);
    pup_queue_done(queue, other);
    take_expecting(queue, 0, &b);
}

/* A guest wants what is being fetched ahead: it keeps its thread, and counts as ahead
 * until it is done. */
static void
test_hurry_while_running(void **state)
{
    PupQueue *queue = *state;
    PupJob *job;

    pup_queue_want(queue, &a, PUP_FETCH_AHEAD, 0);
    pup_queue_want(queue, &b, PUP_FETCH_AHEAD, 0);
    job = take_expecting(queue, 0, &a);
    assert_false(pup_queue_hurry(queue, &a, PUP_FETCH_NOW));
    assert_int_equal(job->urgency, PUP_FETCH_NOW);
    take_nothing(queue, 0);
    pup_queue_again(queue, job, 100);
    take_expecting(queue, 0, &b);
    take_expecting(queue, 100, &a);
}

static void
test_failed_waits_and_lets_others_by(void **state)
{
    PupQueue *queue = *state;
    PupJob *job;

    pup_queue_want(queue, &a, PUP_FETCH_NOW, 0);
    pup_queue_want(queue, &b, PUP_FETCH_NOW, 0);
    job = take_expecting(queue, 0, &a);
    pup_queue_again(queue, job, 1000);
    job = take_expecting(queue, 0, &b);
    pup_queue_again(queue, job, 500);
    assert_int_equal(take_nothing(queue, 499), 500);
    assert_int_equal(take_expecting(queue, 2000, &b)->tries, 1);
    assert_int_equal(take_expecting(queue, 2000, &a)->tries, 1);
}

/* What nobody waits for does not get more threads because it came wrong. */
static void
test_later_again_is_still_later(void **state)
{
    PupQueue *queue = *state;

    pup_queue_want(queue, &a, PUP_FETCH_LATER, 0);
    pup_queue_want(queue, &b, PUP_FETCH_LATER, 0);
    pup_queue_again(queue, take_expecting(queue, 0, &a), 0);
    pup_queue_want(queue, &c, PUP_FETCH_NOW, 0);
    take_expecting(queue, 0, &c);
    assert_int_equal(take_expecting(queue, 0, &b)->tries, 0);
    take_nothing(queue, 0);
}

/* What the boot profile lists goes last, but does not wait for the wire. */
static void
test_later_is_last(void **state)
{
    PupQueue *queue = *state;
    PupJob *ahead, *later;

    pup_queue_want(queue, &a, PUP_FETCH_LATER, 0);
    pup_queue_want(queue, &b, PUP_FETCH_AHEAD, 0);
    ahead = take_expecting(queue, 0, &b);
    take_nothing(queue, 0);
    pup_queue_done(queue, ahead);
    pup_queue_want(queue, &c, PUP_FETCH_NOW, 0);
    take_expecting(queue, 0, &c);
    later = take_expecting(queue, 0, &a);
    assert_int_equal(later->urgency, PUP_FETCH_LATER);
}

static void
test_hungry_when_a_thread_is_left(void **state)
{
    PupQueue *queue = *state;
    PupJob *later;

    assert_true(pup_queue_is_hungry(queue));
    pup_queue_want(queue, &a, PUP_FETCH_LATER, 0);
    assert_false(pup_queue_is_hungry(queue));
    later = take_expecting(queue, 0, &a);
    assert_false(pup_queue_is_hungry(queue));
    pup_queue_done(queue, later);
    assert_true(pup_queue_is_hungry(queue));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_now_overtakes_ahead),
        TEST(test_now_has_the_wire_for_itself),
        TEST(test_ahead_goes_while_now_is_checked),
        TEST(test_peer_is_in_between),
        TEST(test_peer_hurries_ahead_not_now),
        TEST(test_hurry_overtakes),
        TEST(test_wanted_twice_is_one_job),
        TEST(test_ahead_leaves_threads_free),
        TEST(test_hurry_while_running),
        TEST(test_failed_waits_and_lets_others_by),
        TEST(test_later_again_is_still_later),
        TEST(test_later_is_last),
        TEST(test_hungry_when_a_thread_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
