/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looking into memory, joining a flight and wanting a fetch are one step under one lock,
 * and so are putting what came into memory and landing its flight: a chunk is then always
 * in memory, in the air, or neither, and is never fetched twice at a time.
 */
#include "config.h"

#include "client-image/stream/supply.h"

#include <pthread.h>

#include "client-image/stream/cache.h"
#include "client-image/stream/flight.h"

/* How often a waiting thread asks whether it is still wanted. */
#define WAIT_MS 200u
/* Plain buffers kept for the next ones to come. */
#define POOL_MAX 16u

struct PupSupply {
    pthread_mutex_t lock;
    PupSource *source;
    PupPool *pool; /* of plain chunks */
    PupCache *plains;
    PupCache *encodeds;
    PupFlights *flights;
    PupFetch *fetch;
};

/* A codec for each thread that reads; freed when the thread ends. */
static GPrivate thread_codec = G_PRIVATE_INIT((GDestroyNotify) pup_chunk_codec_free);

static PupChunkCodec *
own_codec(void)
{
    if (!g_private_get(&thread_codec))
        g_private_set(&thread_codec, pup_chunk_codec_new(PUP_CHUNK_LEVEL));
    return g_private_get(&thread_codec);
}

static void
land(PupSupply *supply, const PupName *name, PupBuffer *encoded, PupBuffer *plain)
{
    pthread_mutex_lock(&supply->lock);
    if (encoded)
        pup_cache_put(supply->encodeds, name, encoded);
    if (plain)
        pup_cache_put(supply->plains, name, plain);
    pup_flights_land(supply->flights, name, plain);
    pthread_mutex_unlock(&supply->lock);
}

static void
fetched(gpointer user, const PupName *name, PupBuffer *encoded, PupBuffer *plain)
{
    land(user, name, encoded, plain);
}

PupSupply *
pup_supply_new(const PupSupplyConfig *config)
{
    PupSupply *supply = g_new0(PupSupply, 1);
    PupPool *pool = pup_pool_new(PUP_CHUNK_BYTES, POOL_MAX);
    PupFetchConfig fetch = {
        .source = config->source,
        .report = config->report,
        .plains = pool,
        .n_threads = config->n_threads,
        .done = fetched,
        .user = supply,
    };

    pthread_mutex_init(&supply->lock, NULL);
    supply->source = config->source;
    supply->pool = pool;
    supply->plains = pup_cache_new(config->plain_max_bytes);
    supply->encodeds = pup_cache_new(config->encoded_max_bytes);
    supply->flights = pup_flights_new();
    supply->fetch = pup_fetch_new(&fetch);
    return supply;
}

void
pup_supply_free(PupSupply *supply)
{
    if (!supply)
        return;
    pup_fetch_free(supply->fetch);
    pup_flights_free(supply->flights);
    pup_cache_free(supply->encodeds);
    pup_cache_free(supply->plains);
    pup_pool_free(supply->pool);
    supply->source->ops->free(supply->source);
    pthread_mutex_destroy(&supply->lock);
    g_free(supply);
}

/* Decode what memory holds and was checked when it came; what memory has visibly spoiled
 * is forgotten. Lands the flight. */
static void
land_encoded(PupSupply *supply, const PupName *name, PupBuffer *encoded)
{
    g_autoptr(PupBuffer) plain = pup_pool_take(supply->pool);

    if (pup_chunk_expand(own_codec(), encoded->data, encoded->len, plain->data)) {
        land(supply, name, NULL, plain);
    } else {
        pup_cache_remove(supply->encodeds, name);
        land(supply, name, NULL, NULL);
    }
}

void
pup_supply_ask(PupSupply *supply, const PupName *name, PupUrgency urgency)
{
    gboolean first;

    pthread_mutex_lock(&supply->lock);
    if (!pup_cache_has(supply->plains, name) && !pup_cache_has(supply->encodeds, name)) {
        PupFlight *flight = pup_flights_join(supply->flights, name, &first);
        if (first)
            pup_fetch_want(supply->fetch, name, urgency);
        else if (urgency == PUP_FETCH_NOW)
            pup_fetch_hurry(supply->fetch, name);
        pup_flight_leave(flight);
    }
    pthread_mutex_unlock(&supply->lock);
}

/* The plain bytes when memory has them as such; else the flight that will bring them. */
static PupBuffer *
find(PupSupply *supply, const PupName *name, PupFlight **flight)
{
    g_autoptr(PupBuffer) encoded = NULL;
    PupBuffer *plain;
    gboolean first;

    pthread_mutex_lock(&supply->lock);
    plain = pup_cache_get(supply->plains, name);
    if (!plain) {
        *flight = pup_flights_join(supply->flights, name, &first);
        if (!first)
            pup_fetch_hurry(supply->fetch, name);
        else if (!(encoded = pup_cache_get(supply->encodeds, name)))
            pup_fetch_want(supply->fetch, name, PUP_FETCH_NOW);
    }
    pthread_mutex_unlock(&supply->lock);
    if (encoded)
        land_encoded(supply, name, encoded);
    return plain;
}

PupBuffer *
pup_supply_get(PupSupply *supply, const PupName *name, PupStillWanted still_wanted)
{
    PupBuffer *plain = NULL;
    gboolean wanted = TRUE;

    while (!plain && wanted) {
        PupFlight *flight = NULL;
        plain = find(supply, name, &flight);
        if (!flight)
            break;
        while (!pup_flight_wait(flight, WAIT_MS) && (wanted = still_wanted()))
            ;
        plain = pup_flight_plain(flight);
        pup_flight_leave(flight);
    }
    return plain;
}
