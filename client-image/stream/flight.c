/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/flight.h"

#include "client-image/stream/clock.h"

struct PupFlights {
    pthread_mutex_t lock;
    GHashTable *flying; /* PupName -> PupFlight */
};

struct PupFlight {
    PupFlights *flights;
    PupName name;
    pthread_cond_t landing;
    unsigned waiters; /* and one for the table while it flies */
    gboolean landed;
    PupBuffer *plain;
};

PupFlights *
pup_flights_new(void)
{
    PupFlights *flights = g_new0(PupFlights, 1);

    pthread_mutex_init(&flights->lock, NULL);
    flights->flying = g_hash_table_new(pup_name_hash, pup_name_hash_equal);
    return flights;
}

static void
unref_locked(PupFlight *flight)
{
    if (--flight->waiters > 0)
        return;
    pthread_cond_destroy(&flight->landing);
    pup_buffer_unref(flight->plain);
    g_free(flight);
}

void
pup_flights_free(PupFlights *flights)
{
    GHashTableIter iter;
    PupFlight *flight;

    if (!flights)
        return;
    g_hash_table_iter_init(&iter, flights->flying);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &flight))
        unref_locked(flight);
    g_hash_table_destroy(flights->flying);
    pthread_mutex_destroy(&flights->lock);
    g_free(flights);
}

PupFlight *
pup_flights_join(PupFlights *flights, const PupName *name, gboolean *first)
{
    PupFlight *flight;

    pthread_mutex_lock(&flights->lock);
    flight = g_hash_table_lookup(flights->flying, name);
    *first = !flight;
    if (!flight) {
        flight = g_new0(PupFlight, 1);
        flight->flights = flights;
        flight->name = *name;
        flight->waiters = 1;
        pup_clock_cond_init(&flight->landing);
        g_hash_table_insert(flights->flying, &flight->name, flight);
    }
    flight->waiters++;
    pthread_mutex_unlock(&flights->lock);
    return flight;
}

gboolean
pup_flights_has(PupFlights *flights, const PupName *name)
{
    gboolean has;

    pthread_mutex_lock(&flights->lock);
    has = g_hash_table_contains(flights->flying, name);
    pthread_mutex_unlock(&flights->lock);
    return has;
}

void
pup_flights_land(PupFlights *flights, const PupName *name, PupBuffer *plain)
{
    PupFlight *flight;

    pthread_mutex_lock(&flights->lock);
    flight = g_hash_table_lookup(flights->flying, name);
    if (flight) {
        g_hash_table_remove(flights->flying, name);
        flight->landed = TRUE;
        flight->plain = pup_buffer_ref(plain);
        pthread_cond_broadcast(&flight->landing);
        unref_locked(flight);
    }
    pthread_mutex_unlock(&flights->lock);
}

gboolean
pup_flight_wait(PupFlight *flight, unsigned timeout_ms)
{
    pthread_mutex_t *lock = &flight->flights->lock;
    gint64 until_us = g_get_monotonic_time() + (gint64) timeout_ms * 1000;
    gboolean landed;

    pthread_mutex_lock(lock);
    while (!flight->landed && pup_clock_cond_wait(&flight->landing, lock, until_us))
        ;
    landed = flight->landed;
    pthread_mutex_unlock(lock);
    return landed;
}

PupBuffer *
pup_flight_plain(PupFlight *flight)
{
    PupBuffer *plain;

    pthread_mutex_lock(&flight->flights->lock);
    plain = pup_buffer_ref(flight->plain);
    pthread_mutex_unlock(&flight->flights->lock);
    return plain;
}

void
pup_flight_leave(PupFlight *flight)
{
    pthread_mutex_t *lock = &flight->flights->lock;

    pthread_mutex_lock(lock);
    unref_locked(flight);
    pthread_mutex_unlock(lock);
}
