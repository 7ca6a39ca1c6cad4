/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Only the writing thread appends, makes room and removes. The table says where each
 * chunk is; it alone is shared, under the lock, which nobody holds while the disk works.
 * A reader holds its segment, so that a file that is being removed can still be read.
 *
 * The bound: outside of making room, all files and one segment more fit into it, the open
 * one counted as if it were full. That one more is where the oldest segment's chunks go
 * when they are carried over.
 */
#include "config.h"

#include "client-image/stream/disk_cache.h"

#include <pthread.h>

#include "client-image/stream/disk_folder.h"
#include "client-image/stream/segment.h"
#include "lib/error.h"

/* A cache has so many segments, of a size within these bounds. */
#define N_SEGMENTS 64u
#define N_SEGMENTS_MIN 4u
#define SEGMENT_MIN_BYTES (1024u * 1024u)
#define SEGMENT_MAX_BYTES (256u * 1024u * 1024u)
/* Bytes that may wait to be written. */
#define QUEUE_MAX_BYTES (8u * 1024u * 1024u)
/* So many failures in a row and nothing more is written; or read. */
#define FAILURES_MAX 3u

typedef struct {
    PupName name; /* first: an entry is its own key */
    PupSegment *segment;
    guint32 offset;
    guint32 length;
    gboolean used; /* was got since it was written or the cache opened */
} Entry;

typedef struct {
    PupName name;
    PupBuffer *encoded;
} Job;

struct PupDiskCache {
    PupReport *report;
    PupDiskFolder folder;
    pthread_t thread;

    /* The writing thread's. */
    GQueue segments;  /* of PupSegment, the oldest first */
    PupSegment *open; /* the last of them while it takes more, else NULL */
    guint64 next_number;
    guint64 max_bytes, segment_bytes;
    unsigned n_failures;
    gboolean write_off;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;
    gboolean stopping;
    GHashTable *entries;  /* set of Entry */
    GHashTable *favoured; /* set of PupName */
    GQueue jobs;
    size_t queued_bytes;
    unsigned n_read_failures;
    PupDiskCacheStats stats;
};

/* ---- the table */

static void
enter(PupDiskCache *cache, PupSegment *segment, const PupSegmentEntry *where)
{
    Entry *entry = g_new0(Entry, 1);

    entry->name = where->name;
    entry->segment = segment;
    entry->offset = where->offset;
    entry->length = where->length;
    g_hash_table_add(cache->entries, entry);
}

static gboolean
is_of_segment(gpointer key, gpointer value, gpointer segment)
{
    return ((Entry *) key)->segment == segment;
}

static Entry *
find(PupDiskCache *cache, const PupName *name)
{
    return g_hash_table_lookup(cache->entries, name);
}

/* ---- room, on the writing thread */

/* What all segments take, the open one as if it were full. */
static guint64
taken_bytes(PupDiskCache *cache)
{
    guint64 bytes = 0;

    for (GList *link = cache->segments.head; link; link = link->next)
        bytes += link->data == cache->open ? cache->segment_bytes
                                           : pup_segment_bytes(link->data);
    return bytes;
}

/* The statistics' sizes, under the lock. */
static void
count_bytes(PupDiskCache *cache)
{
    cache->stats.bytes = 0;
    for (GList *link = cache->segments.head; link; link = link->next)
        cache->stats.bytes += pup_segment_bytes(link->data);
    cache->stats.max_bytes = cache->max_bytes;
}

static void
note_bytes(PupDiskCache *cache)
{
    pthread_mutex_lock(&cache->lock);
    count_bytes(cache);
    pthread_mutex_unlock(&cache->lock);
}

static gboolean
fits_open(const PupDiskCache *cache, size_t len)
{
    return cache->open &&
           pup_segment_bytes_with(cache->open, len) <= cache->segment_bytes;
}

/* No more goes into the open segment. One that cannot be sealed is as good, but is read
 * record by record the next time. */
static void
close_open(PupDiskCache *cache)
{
    if (cache->open)
        pup_segment_seal(cache->open, NULL);
    cache->open = NULL;
}

static gboolean
open_next(PupDiskCache *cache, GError **error)
{
    close_open(cache);
    cache->open = pup_segment_new(cache->folder.path, cache->next_number, error);
    if (!cache->open)
        return FALSE;
    cache->next_number++;
    g_queue_push_tail(&cache->segments, cache->open);
    return TRUE;
}

/* Append to the open segment, or to the next. A chunk that is there is counted, too. */
static gboolean
append(PupDiskCache *cache, const PupName *name, const guint8 *data, size_t len,
       GError **error)
{
    PupSegmentEntry entry;

    if ((!fits_open(cache, len) && !open_next(cache, error)) ||
        !pup_segment_append(cache->open, name, data, len, &entry, error))
        return FALSE;
    pthread_mutex_lock(&cache->lock);
    enter(cache, cache->open, &entry);
    count_bytes(cache);
    pthread_mutex_unlock(&cache->lock);
    return TRUE;
}

/* How much may be carried over: favoured bytes while room is made once, others from each
 * segment. Without bounds a cache full of such chunks would be written over and over. */
typedef struct {
    guint64 favoured_bytes, used_bytes;
} Allowance;

static gboolean
spend(guint64 *allowance_bytes, guint32 length)
{
    if (*allowance_bytes < length)
        return FALSE;
    *allowance_bytes -= length;
    return TRUE;
}

/* TRUE when @where in @segment is to be carried over. */
static gboolean
is_worth_carrying(PupDiskCache *cache, const PupSegment *segment,
                  const PupSegmentEntry *where, Allowance *allowance)
{
    gboolean worth = FALSE;
    Entry *entry;

    pthread_mutex_lock(&cache->lock);
    entry = find(cache, &where->name);
    if (entry && entry->segment == segment && entry->offset == where->offset)
        worth = (g_hash_table_contains(cache->favoured, &where->name) &&
                 spend(&allowance->favoured_bytes, where->length)) ||
                (entry->used && spend(&allowance->used_bytes, where->length));
    pthread_mutex_unlock(&cache->lock);
    return worth;
}

/* Write anew what of @segment, which holds @list, is worth it, as far as that works. */
static void
carry_over(PupDiskCache *cache, PupSegment *segment, const GArray *list,
           Allowance *allowance)
{
    g_autofree guint8 *data = g_malloc(PUP_CHUNK_ENCODED_MAX);

    allowance->used_bytes = pup_segment_bytes(segment) / 2;
    for (guint i = 0; i < list->len; i++) {
        const PupSegmentEntry *where = &g_array_index(list, PupSegmentEntry, i);
        if (!is_worth_carrying(cache, segment, where, allowance))
            continue;
        if (!fits_open(cache, where->length) &&
            taken_bytes(cache) + cache->segment_bytes > cache->max_bytes)
            return;
        if (!pup_segment_read(segment, where->offset, where->length, data, NULL) ||
            !append(cache, &where->name, data, where->length, NULL))
            return;
    }
}

/* Forget what is in @segment, which holds @list; NULL: nobody can say what. */
static void
forget_segment(PupDiskCache *cache, PupSegment *segment, const GArray *list)
{
    pthread_mutex_lock(&cache->lock);
    for (guint i = 0; list && i < list->len; i++) {
        Entry *entry = find(cache, &g_array_index(list, PupSegmentEntry, i).name);
        if (entry && entry->segment == segment)
            g_hash_table_remove(cache->entries, entry);
    }
    if (!list)
        g_hash_table_foreach_remove(cache->entries, is_of_segment, segment);
    pthread_mutex_unlock(&cache->lock);
}

/* The oldest segment goes. It stays in the queue, and so counts, until it is gone. */
static void
remove_oldest(PupDiskCache *cache, Allowance *allowance)
{
    PupSegment *segment = g_queue_peek_head(&cache->segments);
    g_autoptr(GArray) list = pup_segment_list(segment, NULL);

    if (list)
        carry_over(cache, segment, list, allowance);
    forget_segment(cache, segment, list);
    pup_segment_remove(segment);
    g_queue_pop_head(&cache->segments);
    pup_segment_unref(segment);
}

/* See that @len bytes can be appended within the bound. FALSE: they cannot. */
static gboolean
make_room(PupDiskCache *cache, size_t len)
{
    Allowance allowance = {.favoured_bytes = cache->max_bytes / 2};
    guint n_left = g_queue_get_length(&cache->segments);

    if (fits_open(cache, len))
        return TRUE;
    close_open(cache);
    while (!fits_open(cache, len) &&
           taken_bytes(cache) + 2 * cache->segment_bytes > cache->max_bytes) {
        if (n_left-- == 0)
            return FALSE;
        remove_oldest(cache, &allowance);
    }
    return TRUE;
}

/* ---- writing */

/* A full disk bounds the cache to what it holds; what else fails may pass. */
static void
write_failed(PupDiskCache *cache, const GError *error)
{
    close_open(cache);
    if (g_error_matches(error, PUP_ERROR, PUP_ERROR_NO_SPACE))
        cache->max_bytes = MIN(cache->max_bytes, taken_bytes(cache));
    if (++cache->n_failures < FAILURES_MAX &&
        cache->max_bytes >= N_SEGMENTS_MIN * cache->segment_bytes)
        return;
    cache->write_off = TRUE;
    pup_report_disk_cache(cache->report, error->message);
}

static void
store(PupDiskCache *cache, const Job *job)
{
    g_autoptr(GError) error = NULL;

    if (cache->write_off || pup_disk_cache_has(cache, &job->name) ||
        !make_room(cache, job->encoded->len))
        return;
    if (append(cache, &job->name, job->encoded->data, job->encoded->len, &error))
        cache->n_failures = 0;
    else
        write_failed(cache, error);
    note_bytes(cache);
}

static void
free_job(Job *job)
{
    pup_buffer_unref(job->encoded);
    g_free(job);
}

static void *
work(void *user)
{
    PupDiskCache *cache = user;
    Job *job;

    pthread_mutex_lock(&cache->lock);
    for (;;) {
        while (!(job = g_queue_pop_head(&cache->jobs)) && !cache->stopping)
            pthread_cond_wait(&cache->work, &cache->lock);
        if (!job)
            break;
        pthread_mutex_unlock(&cache->lock);
        store(cache, job);
        pthread_mutex_lock(&cache->lock);
        cache->queued_bytes -= job->encoded->len;
        free_job(job);
    }
    pthread_mutex_unlock(&cache->lock);
    return NULL;
}

/* ---- life */

static gboolean
load_segment(PupDiskCache *cache, guint64 number, GError **error)
{
    g_autoptr(GError) problem = NULL;
    PupSegment *segment = pup_segment_open(cache->folder.path, number, &problem);
    g_autoptr(GArray) list = segment ? pup_segment_list(segment, &problem) : NULL;

    cache->next_number = number + 1;
    if (segment)
        g_queue_push_tail(&cache->segments, segment);
    for (guint i = 0; list && i < list->len; i++)
        enter(cache, segment, &g_array_index(list, PupSegmentEntry, i));
    if (list)
        return TRUE;
    if (!segment && g_error_matches(problem, PUP_ERROR, PUP_ERROR_CORRUPT)) {
        pup_segment_remove_file(cache->folder.path, number);
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

static gboolean
load(PupDiskCache *cache, GError **error)
{
    const GArray *numbers = cache->folder.numbers;

    for (guint i = 0; i < numbers->len; i++) {
        if (!load_segment(cache, g_array_index(numbers, guint64, i), error))
            return FALSE;
    }
    return TRUE;
}

/* Go on with the segment that the last start left; seal others that were. */
static void
take_up(PupDiskCache *cache)
{
    for (GList *link = cache->segments.head; link; link = link->next) {
        PupSegment *segment = link->data;
        if (pup_segment_is_sealed(segment))
            continue;
        if (!link->next && pup_segment_bytes_with(segment, 0) <= cache->segment_bytes)
            cache->open = segment;
        else
            pup_segment_seal(segment, NULL);
    }
}

static gboolean
set_bound(PupDiskCache *cache, guint64 max_bytes, GError **error)
{
    Allowance allowance = {.favoured_bytes = 0};

    if (max_bytes == 0)
        max_bytes = pup_disk_folder_room(&cache->folder, taken_bytes(cache));
    if (max_bytes < PUP_DISK_CACHE_MIN_BYTES) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' has room for %" G_GUINT64_FORMAT
                      " bytes, a cache needs at least %u",
                      cache->folder.path, max_bytes, PUP_DISK_CACHE_MIN_BYTES);
        return FALSE;
    }
    cache->max_bytes = max_bytes;
    cache->segment_bytes =
        CLAMP(max_bytes / N_SEGMENTS, SEGMENT_MIN_BYTES, SEGMENT_MAX_BYTES);
    take_up(cache);
    while (!g_queue_is_empty(&cache->segments) &&
           taken_bytes(cache) + cache->segment_bytes > max_bytes)
        remove_oldest(cache, &allowance);
    note_bytes(cache);
    return TRUE;
}

static PupDiskCache *
new_cache(PupReport *report)
{
    PupDiskCache *cache = g_new0(PupDiskCache, 1);

    cache->report = report;
    pthread_mutex_init(&cache->lock, NULL);
    pthread_cond_init(&cache->work, NULL);
    g_queue_init(&cache->segments);
    g_queue_init(&cache->jobs);
    cache->entries =
        g_hash_table_new_full(pup_name_hash, pup_name_hash_equal, g_free, NULL);
    cache->favoured =
        g_hash_table_new_full(pup_name_hash, pup_name_hash_equal, g_free, NULL);
    return cache;
}

static void
destroy(PupDiskCache *cache)
{
    g_queue_clear_full(&cache->segments, (GDestroyNotify) pup_segment_unref);
    pup_disk_folder_close(&cache->folder);
    g_hash_table_destroy(cache->entries);
    g_hash_table_destroy(cache->favoured);
    pthread_cond_destroy(&cache->work);
    pthread_mutex_destroy(&cache->lock);
    g_free(cache);
}

PupDiskCache *
pup_disk_cache_open(const PupDiskCacheConfig *config, GError **error)
{
    PupDiskFolder folder;
    PupDiskCache *cache;

    if (!pup_disk_folder_open(&folder, config->folder, error))
        return NULL;
    cache = new_cache(config->report);
    cache->folder = folder;
    if (!load(cache, error) || !set_bound(cache, config->max_bytes, error)) {
        destroy(cache);
        return NULL;
    }
    if (pthread_create(&cache->thread, NULL, work, cache) != 0)
        g_error("cannot start a thread");
    return cache;
}

void
pup_disk_cache_free(PupDiskCache *cache)
{
    if (!cache)
        return;
    pthread_mutex_lock(&cache->lock);
    cache->stopping = TRUE;
    pthread_cond_signal(&cache->work);
    pthread_mutex_unlock(&cache->lock);
    pthread_join(cache->thread, NULL);
    destroy(cache);
}

/* ---- for everybody */

gboolean
pup_disk_cache_has(PupDiskCache *cache, const PupName *name)
{
    gboolean has;

    pthread_mutex_lock(&cache->lock);
    has = find(cache, name) != NULL;
    pthread_mutex_unlock(&cache->lock);
    return has;
}

/* Where @name is, its segment held; FALSE when it is not there. */
static gboolean
look_up(PupDiskCache *cache, const PupName *name, Entry *where)
{
    Entry *entry;

    pthread_mutex_lock(&cache->lock);
    entry = find(cache, name);
    if (entry) {
        entry->used = TRUE;
        *where = *entry;
        pup_segment_ref(where->segment);
    }
    pthread_mutex_unlock(&cache->lock);
    return entry != NULL;
}

/* A disk that fails again and again is not asked any more: each time may take seconds. */
static void
read_failed(PupDiskCache *cache, const PupName *name, const GError *error)
{
    gboolean give_up;

    pthread_mutex_lock(&cache->lock);
    g_hash_table_remove(cache->entries, name);
    give_up = ++cache->n_read_failures == FAILURES_MAX;
    if (give_up)
        g_hash_table_remove_all(cache->entries);
    pthread_mutex_unlock(&cache->lock);
    if (give_up)
        pup_report_disk_cache(cache->report, error->message);
}

gboolean
pup_disk_cache_get(PupDiskCache *cache, const PupName *name, guint8 *encoded, size_t *len)
{
    g_autoptr(GError) error = NULL;
    gboolean got;
    Entry where;

    if (!look_up(cache, name, &where))
        return FALSE;
    got = pup_segment_read(where.segment, where.offset, where.length, encoded, &error);
    pup_segment_unref(where.segment);
    if (!got) {
        read_failed(cache, name, error);
        return FALSE;
    }
    *len = where.length;
    return TRUE;
}

void
pup_disk_cache_put(PupDiskCache *cache, const PupName *name, PupBuffer *encoded)
{
    Job *job;

    pthread_mutex_lock(&cache->lock);
    if (!find(cache, name) && cache->queued_bytes + encoded->len <= QUEUE_MAX_BYTES) {
        job = g_new(Job, 1);
        job->name = *name;
        job->encoded = pup_buffer_ref(encoded);
        g_queue_push_tail(&cache->jobs, job);
        cache->queued_bytes += encoded->len;
        pthread_cond_signal(&cache->work);
    }
    pthread_mutex_unlock(&cache->lock);
}

void
pup_disk_cache_forget(PupDiskCache *cache, const PupName *name)
{
    pthread_mutex_lock(&cache->lock);
    g_hash_table_remove(cache->entries, name);
    pthread_mutex_unlock(&cache->lock);
}

void
pup_disk_cache_favour(PupDiskCache *cache, const PupName *name)
{
    pthread_mutex_lock(&cache->lock);
    if (!g_hash_table_contains(cache->favoured, name))
        g_hash_table_add(cache->favoured, g_memdup2(name, sizeof *name));
    pthread_mutex_unlock(&cache->lock);
}

void
pup_disk_cache_stats(PupDiskCache *cache, PupDiskCacheStats *stats)
{
    pthread_mutex_lock(&cache->lock);
    *stats = cache->stats;
    stats->n_chunks = g_hash_table_size(cache->entries);
    pthread_mutex_unlock(&cache->lock);
}
