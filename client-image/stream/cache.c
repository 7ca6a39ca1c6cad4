/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/cache.h"

#include <pthread.h>

typedef struct {
    GList link;   /* in ages; data is the entry */
    GQueue *ages; /* one of its cache's two */
    PupName name;
    PupBuffer *buffer;
} Entry;

/* An entry's place in the hash table: key, value and hash at half load, and the
 * allocator's own. */
#define ENTRY_EXTRA_BYTES 64u
#define FAVOUR_BYTES (sizeof(PupName) + ENTRY_EXTRA_BYTES)
/* At most this part of a cache goes into remembering names. */
#define FAVOURED_SHARE 4u

struct PupCache {
    pthread_mutex_t lock;
    GHashTable *entries;        /* PupName -> Entry */
    GHashTable *favoured;       /* set of PupName */
    GQueue ages, favoured_ages; /* most recently used first */
    size_t max_bytes;
    size_t bytes;
};

static size_t
cost_of(const PupBuffer *buffer)
{
    return sizeof(Entry) + ENTRY_EXTRA_BYTES + sizeof *buffer + buffer->len;
}

/* What it takes to remember the favoured names; never let go. */
static size_t
favoured_bytes(const PupCache *cache)
{
    return g_hash_table_size(cache->favoured) * FAVOUR_BYTES;
}

PupCache *
pup_cache_new(size_t max_bytes)
{
    PupCache *cache = g_new0(PupCache, 1);

    pthread_mutex_init(&cache->lock, NULL);
    cache->entries = g_hash_table_new(pup_name_hash, pup_name_hash_equal);
    cache->favoured =
        g_hash_table_new_full(pup_name_hash, pup_name_hash_equal, g_free, NULL);
    g_queue_init(&cache->ages);
    g_queue_init(&cache->favoured_ages);
    cache->max_bytes = max_bytes;
    return cache;
}

static void
drop(PupCache *cache, Entry *entry)
{
    cache->bytes -= cost_of(entry->buffer);
    g_hash_table_remove(cache->entries, &entry->name);
    g_queue_unlink(entry->ages, &entry->link);
    pup_buffer_unref(entry->buffer);
    g_free(entry);
}

/* The entry to go first, or NULL. */
static Entry *
oldest(PupCache *cache)
{
    Entry *entry = g_queue_peek_tail(&cache->ages);

    return entry ? entry : g_queue_peek_tail(&cache->favoured_ages);
}

static void
shrink_to(PupCache *cache, size_t bytes)
{
    Entry *entry;

    while (cache->bytes > bytes && (entry = oldest(cache)))
        drop(cache, entry);
}

static GQueue *
ages_of(PupCache *cache, const PupName *name)
{
    gboolean is_favoured = g_hash_table_contains(cache->favoured, name);

    return is_favoured ? &cache->favoured_ages : &cache->ages;
}

void
pup_cache_free(PupCache *cache)
{
    if (!cache)
        return;
    shrink_to(cache, 0);
    g_hash_table_destroy(cache->entries);
    g_hash_table_destroy(cache->favoured);
    pthread_mutex_destroy(&cache->lock);
    g_free(cache);
}

void
pup_cache_put(PupCache *cache, const PupName *name, PupBuffer *buffer)
{
    size_t cost = cost_of(buffer);
    Entry *entry;

    pthread_mutex_lock(&cache->lock);
    entry = g_hash_table_lookup(cache->entries, name);
    if (entry)
        drop(cache, entry);
    if (cost <= cache->max_bytes - favoured_bytes(cache)) {
        shrink_to(cache, cache->max_bytes - cost);
        entry = g_new0(Entry, 1);
        entry->link.data = entry;
        entry->ages = ages_of(cache, name);
        entry->name = *name;
        entry->buffer = pup_buffer_ref(buffer);
        g_hash_table_insert(cache->entries, &entry->name, entry);
        g_queue_push_head_link(entry->ages, &entry->link);
        cache->bytes += cost;
    }
    pthread_mutex_unlock(&cache->lock);
}

PupBuffer *
pup_cache_get(PupCache *cache, const PupName *name)
{
    PupBuffer *buffer = NULL;
    Entry *entry;

    pthread_mutex_lock(&cache->lock);
    entry = g_hash_table_lookup(cache->entries, name);
    if (entry) {
        g_queue_unlink(entry->ages, &entry->link);
        g_queue_push_head_link(entry->ages, &entry->link);
        buffer = pup_buffer_ref(entry->buffer);
    }
    pthread_mutex_unlock(&cache->lock);
    return buffer;
}

/* Move the entry of @name, if there is one, to the favoured ones. */
static void
promote(PupCache *cache, const PupName *name)
{
    Entry *entry = g_hash_table_lookup(cache->entries, name);

    if (!entry)
        return;
    g_queue_unlink(entry->ages, &entry->link);
    entry->ages = &cache->favoured_ages;
    g_queue_push_head_link(entry->ages, &entry->link);
}

void
pup_cache_favour(PupCache *cache, const PupName *name)
{
    pthread_mutex_lock(&cache->lock);
    if (!g_hash_table_contains(cache->favoured, name) &&
        favoured_bytes(cache) + FAVOUR_BYTES <= cache->max_bytes / FAVOURED_SHARE) {
        g_hash_table_add(cache->favoured, g_memdup2(name, sizeof *name));
        promote(cache, name);
        cache->bytes += FAVOUR_BYTES;
        shrink_to(cache, cache->max_bytes);
    }
    pthread_mutex_unlock(&cache->lock);
}

gboolean
pup_cache_has(PupCache *cache, const PupName *name)
{
    gboolean has;

    pthread_mutex_lock(&cache->lock);
    has = g_hash_table_contains(cache->entries, name);
    pthread_mutex_unlock(&cache->lock);
    return has;
}

void
pup_cache_remove(PupCache *cache, const PupName *name)
{
    Entry *entry;

    pthread_mutex_lock(&cache->lock);
    entry = g_hash_table_lookup(cache->entries, name);
    if (entry)
        drop(cache, entry);
    pthread_mutex_unlock(&cache->lock);
}

size_t
pup_cache_bytes(PupCache *cache)
{
    size_t bytes;

    pthread_mutex_lock(&cache->lock);
    bytes = cache->bytes;
    pthread_mutex_unlock(&cache->lock);
    return bytes;
}
