/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include <pthread.h>

#include "client-image/stream/gate.h"

#define N_MAX 16u
#define SOON_US 1000

static gboolean
is_open(PupGate *gate)
{
    return pup_gate_enter(gate, PUP_GATE_LAST, 0);
}

/* Of as many as are let in at *@now_us, one has its answer after @took_us. */
static void
pass(PupGate *gate, gint64 *now_us, gint64 took_us)
{
    gint64 begun_us = *now_us;
    unsigned n = 0;

    while (is_open(gate))
        n++;
    *now_us += took_us;
    pup_gate_leave(gate, begun_us, *now_us);
    while (--n > 0)
        pup_gate_leave(gate, 0, *now_us);
}

static void
test_opens_while_answers_come_soon(void **state)
{
    g_autoptr(PupGate) gate = pup_gate_new(N_MAX);
    gint64 now_us = 1;

    assert_int_equal(pup_gate_width(gate), PUP_GATE_START);
    for (unsigned i = 0; i < N_MAX - PUP_GATE_START; i++)
        pass(gate, &now_us, SOON_US);
    assert_int_equal(pup_gate_width(gate), N_MAX);
    pass(gate, &now_us, PUP_GATE_LATE_US);
    assert_int_equal(pup_gate_width(gate), N_MAX);
}

static void
test_narrows_when_they_are_late(void **state)
{
    g_autoptr(PupGate) gate = pup_gate_new(N_MAX);
    gint64 now_us = 1;

    for (unsigned i = 0; i < N_MAX; i++)
        pass(gate, &now_us, SOON_US);
    pass(gate, &now_us, PUP_GATE_LATE_US + 1);
    assert_int_equal(pup_gate_width(gate), N_MAX * 7 / 10);
    for (unsigned i = 0; i < 20; i++)
        pass(gate, &now_us, PUP_GATE_LATE_US + 1);
    assert_int_equal(pup_gate_width(gate), 1);
    /* From now on it opens slowly: by one each time that as many came as it lets in. */
    pass(gate, &now_us, SOON_US);
    assert_int_equal(pup_gate_width(gate), 2);
    pass(gate, &now_us, SOON_US);
    assert_int_equal(pup_gate_width(gate), 2);
    pass(gate, &now_us, SOON_US);
    assert_int_equal(pup_gate_width(gate), 2);
    pass(gate, &now_us, SOON_US);
    assert_int_equal(pup_gate_width(gate), 3);
}

/* All that were on their way when it narrowed are late; that is one reason, not many. */
static void
test_narrows_once_for_what_was_on_its_way(void **state)
{
    g_autoptr(PupGate) gate = pup_gate_new(N_MAX);
    gint64 now_us = 1;

    for (unsigned i = 0; i < N_MAX; i++)
        pass(gate, &now_us, SOON_US);
    for (unsigned i = 0; i < N_MAX; i++)
        assert_true(is_open(gate));
    assert_false(is_open(gate));
    for (unsigned i = 0; i < N_MAX; i++)
        pup_gate_leave(gate, now_us, now_us + PUP_GATE_LATE_US + 1 + i);
    assert_int_equal(pup_gate_width(gate), N_MAX * 7 / 10);
}

/* No answer says nothing. */
static void
test_failures_change_nothing(void **state)
{
    g_autoptr(PupGate) gate = pup_gate_new(N_MAX);

    for (unsigned i = 0; i < N_MAX; i++) {
        assert_true(is_open(gate));
        pup_gate_leave(gate, 0, G_USEC_PER_SEC);
    }
    assert_int_equal(pup_gate_width(gate), PUP_GATE_START);
}

/* Answers that come soon to fewer than are let in are no reason to let in more. */
static void
test_opens_only_when_it_was_full(void **state)
{
    g_autoptr(PupGate) gate = pup_gate_new(N_MAX);

    for (unsigned i = 0; i < N_MAX; i++) {
        assert_true(is_open(gate));
        pup_gate_leave(gate, 1, 1 + SOON_US);
    }
    assert_int_equal(pup_gate_width(gate), PUP_GATE_START);
}

typedef struct {
    PupGate *gate;
    PupGateRank rank;
    gint *n_entered; /* atomic */
    gint begun, place;
} Waiter;

static void *
wait_for_entry(void *user)
{
    Waiter *waiter = user;

    g_atomic_int_set(&waiter->begun, 1);
    if (pup_gate_enter(waiter->gate, waiter->rank, 20 * G_USEC_PER_SEC)) {
        waiter->place = g_atomic_int_add(waiter->n_entered, 1) + 1;
        pup_gate_leave(waiter->gate, 0, 0);
    }
    return NULL;
}

/* Whom a neighbour waits for is not held up by a crowd that nobody waits for. */
static void
test_first_goes_first(void **state)
{
    g_autoptr(PupGate) gate = pup_gate_new(1);
    gint n_entered = 0;
    Waiter waiters[6];
    pthread_t threads[G_N_ELEMENTS(waiters)];

    assert_true(is_open(gate));
    for (size_t i = 0; i < G_N_ELEMENTS(waiters); i++) {
        waiters[i] = (Waiter){gate, PUP_GATE_LAST, &n_entered, 0, 0};
        waiters[i].rank = i == 4 ? PUP_GATE_FIRST : PUP_GATE_LAST;
        pthread_create(&threads[i], NULL, wait_for_entry, &waiters[i]);
        while (!g_atomic_int_get(&waiters[i].begun))
            g_usleep(1000);
    }
    g_usleep(200000); /* now they wait */
    pup_gate_leave(gate, 0, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(waiters); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(n_entered, G_N_ELEMENTS(waiters));
    assert_int_equal(waiters[4].place, 1);
}

typedef struct {
    PupGate *gate;
    gint n_in, n_most, n_done; /* atomic */
} Crowd;

static void *
squeeze_through(void *user)
{
    Crowd *crowd = user;
    gint n_in;

    while (!pup_gate_enter(crowd->gate, PUP_GATE_LAST, 500))
        continue;
    n_in = g_atomic_int_add(&crowd->n_in, 1) + 1;
    if (n_in > g_atomic_int_get(&crowd->n_most))
        g_atomic_int_set(&crowd->n_most, n_in);
    g_usleep(1000);
    g_atomic_int_add(&crowd->n_in, -1);
    pup_gate_leave(crowd->gate, 0, 0);
    g_atomic_int_inc(&crowd->n_done);
    return NULL;
}

static void
test_crowd(void **state)
{
    g_autoptr(PupGate) gate = pup_gate_new(N_MAX);
    Crowd crowd = {.gate = gate};
    pthread_t threads[20];

    for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, squeeze_through, &crowd), 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(crowd.n_done, G_N_ELEMENTS(threads));
    assert_in_range(crowd.n_most, 1, PUP_GATE_START);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens_while_answers_come_soon),
        cmocka_unit_test(test_narrows_when_they_are_late),
        cmocka_unit_test(test_narrows_once_for_what_was_on_its_way),
        cmocka_unit_test(test_failures_change_nothing),
        cmocka_unit_test(test_opens_only_when_it_was_full),
        cmocka_unit_test(test_first_goes_first),
        cmocka_unit_test(test_crowd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
