/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flight - those who miss the same chunk at the same time wait for one fetch
 *
 *     flight = pup_flights_join(flights, &name, &first)
 *     if (first) ... see to it that somebody lands it, from whatever thread
 *     while (!pup_flight_wait(flight, 200)) ... still wanted?
 *     plain = pup_flight_plain(flight)
 *     pup_flight_leave(flight)
 *
 * Every flight that took off must be landed, also when nothing came (NULL): then each
 * waiter decides whether to try again.
 *
 * Threads: any.
 */
#pragma once

#include "client-image/stream/buffer.h"
#include "lib/name.h"

typedef struct PupFlights PupFlights;
typedef struct PupFlight PupFlight;

PupFlights *pup_flights_new(void);
/* Nobody may be waiting. Flights that never landed are dropped. */
void pup_flights_free(PupFlights *flights);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupFlights, pup_flights_free)

/* Join the flight of @name; *@first becomes TRUE when there was none. Leave it with
 * pup_flight_leave(). */
PupFlight *pup_flights_join(PupFlights *flights, const PupName *name, gboolean *first);

/* TRUE when there is a flight of @name. */
gboolean pup_flights_has(PupFlights *flights, const PupName *name);

/* End the flight of @name with @plain (a reference of its own is taken; NULL: nothing
 * came) and wake its waiters. Whoever joins from now on is the first of a new one. */
void pup_flights_land(PupFlights *flights, const PupName *name, PupBuffer *plain);

/* Wait until @flight landed, at most @timeout_ms. TRUE when it did. */
gboolean pup_flight_wait(PupFlight *flight, unsigned timeout_ms);

/* What a landed @flight brought, NULL when nothing came. New reference. */
PupBuffer *pup_flight_plain(PupFlight *flight);

void pup_flight_leave(PupFlight *flight);
