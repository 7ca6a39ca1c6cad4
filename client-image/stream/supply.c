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
    PupDiskCache *disk_cache;
    PupStats *stats;
    PupPool *pool; /* of plain chunks */
    PupCache *plains;
    PupCache *encodeds;
    PupFlights *flights;
    GHashTable *waits; /* PupName -> GArray of Wait: seats that asked */
    size_t encoded_max_bytes;
    pthread_mutex_t idle_lock; /* held while idle() runs: taken before lock */
    PupFetchIdle idle;
    gpointer idle_user;
    PupFetch *fetch;
};

/* Somebody who wants encoded bytes. */
typedef struct {
    PupEncodedDone done;
    gpointer user;
} Wait;

/* A codec for each thread that reads; freed when the thread ends. */
static GPrivate thread_codec = G_PRIVATE_INIT((GDestroyNotify) pup_chunk_codec_free);

static PupChunkCodec *
own_codec(void)
{
    if (!g_private_get(&thread_codec))
        g_private_set(&thread_codec, pup_chunk_codec_new(PUP_CHUNK_LEVEL));
    return g_private_get(&thread_codec);
}

/* Tell those of @waits (may be NULL), and free it. */
static void
tell(GArray *waits, PupBuffer *encoded)
{
    if (!waits)
        return;
    for (guint i = 0; i < waits->len; i++) {
        const Wait *wait = &g_array_index(waits, Wait, i);
        wait->done(wait->user, encoded);
    }
    g_array_free(waits, TRUE);
}

/* Those who wait for @name, to be told; NULL when nobody does. The lock is held. */
static GArray *
take_waits(PupSupply *supply, const PupName *name)
{
    gpointer key = NULL, waits = NULL;

    g_hash_table_steal_extended(supply->waits, name, &key, &waits);
    g_free(key);
    return waits;
}

static void
land(PupSupply *supply, const PupName *name, PupBuffer *encoded, PupBuffer *plain)
{
    GArray *waits;

    pthread_mutex_lock(&supply->lock);
    if (encoded)
        pup_cache_put(supply->encodeds, name, encoded);
    if (plain)
        pup_cache_put(supply->plains, name, plain);
    pup_flights_land(supply->flights, name, plain);
    waits = take_waits(supply, name);
    pthread_mutex_unlock(&supply->lock);
    tell(waits, encoded);
}

static void
fetched(gpointer user, const PupName *name, PupBuffer *encoded, PupBuffer *plain)
{
    PupSupply *supply = user;

    if (encoded && supply->disk_cache)
        pup_disk_cache_put(supply->disk_cache, name, encoded);
    land(supply, name, encoded, plain);
}

static gboolean
is_idle(gpointer user)
{
    PupSupply *supply = user;
    gboolean more;

    pthread_mutex_lock(&supply->idle_lock);
    more = supply->idle && supply->idle(supply->idle_user);
    pthread_mutex_unlock(&supply->idle_lock);
    return more;
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
        .batch = config->batch,
        .done = fetched,
        .idle = is_idle,
        .user = supply,
    };

    pthread_mutex_init(&supply->lock, NULL);
    pthread_mutex_init(&supply->idle_lock, NULL);
    supply->source = config->source;
    supply->disk_cache = config->disk_cache;
    supply->stats = config->stats;
    supply->pool = pool;
    supply->encoded_max_bytes = config->encoded_max_bytes;
    supply->plains = pup_cache_new(config->plain_max_bytes);
    supply->encodeds = pup_cache_new(config->encoded_max_bytes);
    supply->flights = pup_flights_new();
    supply->waits = g_hash_table_new(pup_name_hash, pup_name_hash_equal);
    supply->fetch = pup_fetch_new(&fetch);
    return supply;
}

/* Nothing comes any more. */
static void
tell_all(PupSupply *supply)
{
    GHashTableIter iter;
    gpointer name, waits;

    g_hash_table_iter_init(&iter, supply->waits);
    while (g_hash_table_iter_next(&iter, &name, &waits)) {
        tell(waits, NULL);
        g_free(name);
    }
    g_hash_table_destroy(supply->waits);
}

void
pup_supply_free(PupSupply *supply)
{
    if (!supply)
        return;
    pup_fetch_free(supply->fetch);
    tell_all(supply);
    pup_flights_free(supply->flights);
    pup_cache_free(supply->encodeds);
    pup_cache_free(supply->plains);
    pup_pool_free(supply->pool);
    supply->source->ops->free(supply->source);
    pthread_mutex_destroy(&supply->idle_lock);
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
pup_supply_set_idle(PupSupply *supply, PupFetchIdle idle, gpointer user)
{
    pthread_mutex_lock(&supply->idle_lock);
    supply->idle = idle;
    supply->idle_user = user;
    pthread_mutex_unlock(&supply->idle_lock);
    pup_supply_wake(supply);
}

void
pup_supply_wake(PupSupply *supply)
{
    pup_fetch_wake(supply->fetch);
}

gboolean
pup_supply_has(PupSupply *supply, const PupName *name)
{
    return pup_cache_has(supply->encodeds, name) || pup_cache_has(supply->plains, name);
}

gboolean
pup_supply_is_coming(PupSupply *supply, const PupName *name)
{
    gboolean coming;

    pthread_mutex_lock(&supply->lock);
    coming = pup_flights_has(supply->flights, name);
    pthread_mutex_unlock(&supply->lock);
    return coming;
}

gboolean
pup_supply_has_room(PupSupply *supply)
{
    return pup_cache_bytes(supply->encodeds) + pup_fetch_parked_bytes(supply->fetch) <
           supply->encoded_max_bytes / 4 * 3;
}

void
pup_supply_favour(PupSupply *supply, const PupName *name)
{
    pup_cache_favour(supply->encodeds, name);
    if (supply->disk_cache)
        pup_disk_cache_favour(supply->disk_cache, name);
}

void
pup_supply_ask(PupSupply *supply, const PupName *name, PupUrgency urgency)
{
    gboolean first, is_here = FALSE;

    pthread_mutex_lock(&supply->lock);
    if (!pup_cache_has(supply->plains, name) && !pup_cache_has(supply->encodeds, name)) {
        PupFlight *flight = pup_flights_join(supply->flights, name, &first);
        if (first)
            pup_fetch_want(supply->fetch, name, urgency);
        else
            is_here = pup_fetch_hurry(supply->fetch, name, urgency);
        pup_flight_leave(flight);
    }
    pthread_mutex_unlock(&supply->lock);
    if (is_here)
        pup_fetch_check(supply->fetch);
}

/* Have @done called when @name lands. The lock is held. */
static void
wait_for(PupSupply *supply, const PupName *name, PupEncodedDone done, gpointer user)
{
    const Wait wait = {done, user};
    GArray *waits = g_hash_table_lookup(supply->waits, name);

    if (!waits) {
        waits = g_array_new(FALSE, FALSE, sizeof(Wait));
        g_hash_table_insert(supply->waits, g_memdup2(name, sizeof *name), waits);
    }
    g_array_append_val(waits, wait);
}

PupBuffer *
pup_supply_encoded(PupSupply *supply, const PupName *name, PupEncodedDone done,
                   gpointer user)
{
    PupBuffer *encoded;
    gboolean first, is_here = FALSE;

    pthread_mutex_lock(&supply->lock);
    encoded = pup_cache_get(supply->encodeds, name);
    if (!encoded && done) {
        PupFlight *flight = pup_flights_join(supply->flights, name, &first);
        wait_for(supply, name, done, user);
        if (first)
            pup_fetch_want(supply->fetch, name, PUP_FETCH_PEER);
        else
            is_here = pup_fetch_hurry(supply->fetch, name, PUP_FETCH_PEER);
        pup_flight_leave(flight);
    }
    pthread_mutex_unlock(&supply->lock);
    if (is_here)
        pup_fetch_check(supply->fetch);
    return encoded;
}

/* The plain bytes when memory has them as such; else the flight that will bring them. */
static PupBuffer *
find(PupSupply *supply, const PupName *name, PupFlight **flight)
{
    g_autoptr(PupBuffer) encoded = NULL;
    PupBuffer *plain;
    gboolean first, is_here = FALSE;

    pthread_mutex_lock(&supply->lock);
    plain = pup_cache_get(supply->plains, name);
    if (!plain) {
        *flight = pup_flights_join(supply->flights, name, &first);
        if (!first)
            is_here = pup_fetch_hurry(supply->fetch, name, PUP_FETCH_NOW);
        else if (!(encoded = pup_cache_get(supply->encodeds, name)))
            pup_fetch_want(supply->fetch, name, PUP_FETCH_NOW);
    }
    pthread_mutex_unlock(&supply->lock);
    if (is_here)
        pup_fetch_check(supply->fetch);
    if (plain || encoded)
        pup_stats_add(supply->stats, PUP_STAT_HITS, 1);
    if (encoded) {
        pup_stats_add(supply->stats, PUP_STAT_MEMORY_BYTES, encoded->len);
        land_encoded(supply, name, encoded);
    }
    return plain;
}

PupBuffer *
pup_supply_get(PupSupply *supply, const PupName *name, PupStillWanted still_wanted)
{
    PupBuffer *plain = NULL;
    gboolean wanted = TRUE;

    pup_stats_add(supply->stats, PUP_STAT_READS, 1);
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

PupBuffer *
pup_supply_peek(PupSupply *supply, const PupName *name)
{
    g_autoptr(PupBuffer) encoded = NULL;
    PupBuffer *plain = pup_cache_get(supply->plains, name);

    if (plain)
        return plain;
    encoded = pup_cache_get(supply->encodeds, name);
    if (!encoded)
        return NULL;
    plain = pup_pool_take(supply->pool);
    if (!pup_chunk_expand(own_codec(), encoded->data, encoded->len, plain->data))
        g_clear_pointer(&plain, pup_buffer_unref);
    return plain;
}
