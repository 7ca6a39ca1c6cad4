/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "client-image/stream/flight.h"

#define N_THREADS 8u
#define LONG_MS 10000u

static const PupName name = {{1}};

typedef struct {
    PupFlights *flights;
    gint n_joined;
    gint n_first;
    gint n_bytes;
} Crowd;

static void *
passenger(void *user)
{
    Crowd *crowd = user;
    gboolean first;
    PupFlight *flight = pup_flights_join(crowd->flights, &name, &first);
    g_autoptr(PupBuffer) plain = NULL;

    g_atomic_int_add(&crowd->n_first, first);
    g_atomic_int_inc(&crowd->n_joined);
    if (pup_flight_wait(flight, LONG_MS))
        plain = pup_flight_plain(flight);
    g_atomic_int_add(&crowd->n_bytes, plain && plain->data[0] == 'x');
    pup_flight_leave(flight);
    return NULL;
}

static void
test_a_crowd_makes_one_fetch(void **state)
{
    g_autoptr(PupFlights) flights = pup_flights_new();
    g_autoptr(PupBuffer) plain = pup_buffer_new(1);
    Crowd crowd = {.flights = flights};
    pthread_t threads[N_THREADS];

    plain->data[0] = 'x';
    for (unsigned i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, passenger, &crowd), 0);
    while (g_atomic_int_get(&crowd.n_joined) < (gint) N_THREADS)
        g_usleep(100);
    pup_flights_land(flights, &name, plain);
    for (unsigned i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(crowd.n_first, 1);
    assert_int_equal(crowd.n_bytes, N_THREADS);
}

static void
test_landing_empty_wakes(void **state)
{
    g_autoptr(PupFlights) flights = pup_flights_new();
    gboolean first;
    PupFlight *flight = pup_flights_join(flights, &name, &first);

    assert_true(first);
    assert_false(pup_flight_wait(flight, 1));
    pup_flights_land(flights, &name, NULL);
    assert_true(pup_flight_wait(flight, LONG_MS));
    assert_null(pup_flight_plain(flight));
    pup_flight_leave(flight);
}

static void
test_after_landing_a_new_one_takes_off(void **state)
{
    g_autoptr(PupFlights) flights = pup_flights_new();
    gboolean first;
    PupFlight *one = pup_flights_join(flights, &name, &first);
    PupFlight *two;

    pup_flights_land(flights, &name, NULL);
    two = pup_flights_join(flights, &name, &first);
    assert_true(first);
    assert_false(pup_flight_wait(two, 0));
    pup_flight_leave(one);
    pup_flight_leave(two);
}

/* What nobody waits for any more lands all the same; what never lands is not leaked. */
static void
test_abandoned(void **state)
{
    PupFlights *flights = pup_flights_new();
    static const PupName other = {{2}};
    gboolean first;

    pup_flight_leave(pup_flights_join(flights, &name, &first));
    pup_flights_land(flights, &name, NULL);
    pup_flights_land(flights, &name, NULL);
    pup_flight_leave(pup_flights_join(flights, &other, &first));
    pup_flights_free(flights);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_crowd_makes_one_fetch),
        cmocka_unit_test(test_landing_empty_wakes),
        cmocka_unit_test(test_after_landing_a_new_one_takes_off),
        cmocka_unit_test(test_abandoned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
