/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One thread does all of one piece: read it, name its chunks, copy it where a copy is
 * made, compress those chunks that are new, put them. So each byte is read once, whatever
 * is made of it. No queues: while one thread waits for qemu-nbd the others compute, so
 * there are a few threads more than cores.
 */
#include "server/image/hash.h"

#include <string.h>

#include "lib/names.h"
#include "server/image/runs.h"

/* Chunks that one read asks for: enough to make the round trip to qemu-nbd cheap, and to
 * name them at a time. */
#define PIECE_CHUNKS 16u
#define MAX_READERS 32u
#define REPORT_US (G_USEC_PER_SEC / 10)

typedef struct {
    const PupHashJob *job;
    GMutex mutex; /* guards all below, and job->map */
    GCond changed;
    unsigned run;    /* the next piece begins in this run, */
    guint64 at;      /* this many chunks after its first */
    unsigned active; /* threads */
    guint64 n_done, n_new, bytes_read;
    GError *error; /* the first one; stops the others */
} Work;

typedef struct {
    PupDiskReader *reader;
    PupDiskWriter *writer; /* NULL where nothing is copied */
    PupChunkCodec *codec;
    guint8 *plain;   /* PIECE_CHUNKS chunks */
    guint8 *encoded; /* PUP_CHUNK_ENCODED_MAX */
} Bench;

unsigned
pup_hash_readers(void)
{
    return MIN(g_get_num_processors() + 2, MAX_READERS);
}

/* Set the names of a run that needs no look. */
static void
set_zeros(Work *work, const PupRun *run)
{
    static const PupName null_name;

    for (guint64 i = 0; i < run->n; i++)
        pup_chunk_map_set(work->job->map, run->first + i, &null_name);
}

/* The next piece to do; FALSE when there is none, or somebody failed. */
static gboolean
take_piece(Work *work, PupRun *piece)
{
    const GArray *runs = work->job->runs;
    gboolean taken = FALSE;

    g_mutex_lock(&work->mutex);
    while (!taken && !work->error && work->run < runs->len) {
        const PupRun *run = &g_array_index(runs, PupRun, work->run);
        if (run->zero)
            set_zeros(work, run);
        if (run->zero || work->at >= run->n) {
            work->run++;
            work->at = 0;
            continue;
        }
        piece->first = run->first + work->at;
        piece->n = MIN(run->n - work->at, PIECE_CHUNKS);
        work->at += piece->n;
        taken = TRUE;
    }
    g_mutex_unlock(&work->mutex);
    return taken;
}

/* Name the @n chunks, at most PIECE_CHUNKS, that lie at @plain in a row. */
static void
name_chunks(const guint8 *plain, guint64 n, PupName *names)
{
    const guint8 *plains[PIECE_CHUNKS];
    PupName found[PIECE_CHUNKS];
    unsigned at[PIECE_CHUNKS], n_plains = 0;

    memset(names, 0, n * sizeof *names);
    for (unsigned i = 0; i < n; i++) {
        if (pup_chunk_is_zero(plain + i * PUP_CHUNK_BYTES, PUP_CHUNK_BYTES))
            continue;
        plains[n_plains] = plain + i * PUP_CHUNK_BYTES;
        at[n_plains++] = i;
    }
    pup_names_of(plains, n_plains, found);
    for (unsigned i = 0; i < n_plains; i++)
        names[at[i]] = found[i];
}

/* Put chunk @name, which is @plain, where it is new. */
static gboolean
store_chunk(PupStoreWrite *write, Bench *bench, const guint8 *plain, const PupName *name,
            guint64 *n_new, GError **error)
{
    size_t len;

    if (pup_name_is_null(name) || pup_store_write_has(write, name))
        return TRUE;
    len = pup_chunk_encode(bench->codec, plain, bench->encoded);
    (*n_new)++;
    return pup_store_write_put(write, name, bench->encoded, len, error);
}

/* Copy those of the chunks of @piece that are not zeros, neighbours together. */
static gboolean
copy_chunks(Bench *bench, const PupRun *piece, const PupName *names, GError **error)
{
    guint64 end;

    for (guint64 i = 0; i < piece->n; i = end + 1) {
        for (end = i; end < piece->n && !pup_name_is_null(&names[end]); end++)
            ;
        if (end > i &&
            !pup_disk_write(bench->writer, (piece->first + i) * PUP_CHUNK_BYTES,
                            bench->plain + i * PUP_CHUNK_BYTES,
                            (size_t) (end - i) * PUP_CHUNK_BYTES, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
do_piece(Work *work, Bench *bench, const PupRun *piece, GError **error)
{
    size_t len = (size_t) piece->n * PUP_CHUNK_BYTES;
    PupName names[PIECE_CHUNKS];
    guint64 n_new = 0;

    if (g_cancellable_set_error_if_cancelled(work->job->shop->cancellable, error))
        return FALSE;
    if (!pup_disk_read(bench->reader, piece->first * PUP_CHUNK_BYTES, bench->plain, len,
                       error))
        return FALSE;
    name_chunks(bench->plain, piece->n, names);
    if (bench->writer && !copy_chunks(bench, piece, names, error))
        return FALSE;
    for (guint64 i = 0; i < piece->n; i++)
        if (!store_chunk(work->job->write, bench, bench->plain + i * PUP_CHUNK_BYTES,
                         &names[i], &n_new, error))
            return FALSE;
    g_mutex_lock(&work->mutex);
    for (guint64 i = 0; i < piece->n; i++)
        pup_chunk_map_set(work->job->map, piece->first + i, &names[i]);
    work->n_done += piece->n;
    work->n_new += n_new;
    work->bytes_read += len;
    g_mutex_unlock(&work->mutex);
    return TRUE;
}

static void
do_pieces(Work *work, Bench *bench, GError **error)
{
    PupRun piece;

    while (take_piece(work, &piece))
        if (!do_piece(work, bench, &piece, error))
            return;
}

static gboolean
open_links(const PupHashJob *job, Bench *bench, GError **error)
{
    bench->reader = pup_disk_reader_new(job->disk, error);
    if (!bench->reader)
        return FALSE;
    if (job->copy)
        bench->writer = pup_disk_writer_new(job->copy, error);
    return !job->copy || bench->writer;
}

static gpointer
run_thread(gpointer data)
{
    Work *work = data;
    Bench bench = {.reader = NULL};
    GError *error = NULL;

    bench.codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    bench.plain = g_malloc(PIECE_CHUNKS * PUP_CHUNK_BYTES);
    bench.encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);
    if (open_links(work->job, &bench, &error))
        do_pieces(work, &bench, &error);
    pup_disk_writer_free(bench.writer);
    pup_disk_reader_free(bench.reader);
    g_free(bench.encoded);
    g_free(bench.plain);
    pup_chunk_codec_free(bench.codec);

    g_mutex_lock(&work->mutex);
    if (error && !work->error)
        work->error = g_steal_pointer(&error);
    work->active--;
    g_cond_signal(&work->changed);
    g_mutex_unlock(&work->mutex);
    g_clear_error(&error);
    return NULL;
}

static void
report_progress(const PupHashJob *job, guint64 done, guint64 total)
{
    if (job->shop->progress)
        job->shop->progress(job->shop->progress_data, job->what, done, total);
}

/* Until the last thread is done; the progress is told by the caller's thread alone. */
static void
wait_for_threads(Work *work)
{
    guint64 total = pup_runs_count(work->job->runs, TRUE);

    g_mutex_lock(&work->mutex);
    while (work->active > 0) {
        guint64 done = work->n_done;
        g_mutex_unlock(&work->mutex);
        report_progress(work->job, done * PUP_CHUNK_BYTES, total * PUP_CHUNK_BYTES);
        if (work->job->copy)
            pup_disk_write_back(work->job->copy);
        g_mutex_lock(&work->mutex);
        if (work->active > 0)
            g_cond_wait_until(&work->changed, &work->mutex,
                              g_get_monotonic_time() + REPORT_US);
    }
    g_mutex_unlock(&work->mutex);
}

static gboolean
hash_chunks(const PupHashJob *job, PupPublishReport *report, GError **error)
{
    Work work = {.job = job, .active = pup_hash_readers()};
    g_autofree GThread **threads = g_new(GThread *, work.active);
    unsigned n_threads = work.active;

    g_mutex_init(&work.mutex);
    g_cond_init(&work.changed);
    for (unsigned i = 0; i < n_threads; i++)
        threads[i] = g_thread_new("hash", run_thread, &work);
    wait_for_threads(&work);
    for (unsigned i = 0; i < n_threads; i++)
        g_thread_join(threads[i]);
    g_cond_clear(&work.changed);
    g_mutex_clear(&work.mutex);
    if (work.error) {
        g_propagate_error(error, work.error);
        return FALSE;
    }
    report->bytes_read += work.bytes_read;
    report->n_chunks_new += work.n_new;
    return TRUE;
}

/* The map's changed pages are chunks of their own. */
static gboolean
store_pages(const PupHashJob *job, GError **error)
{
    g_autoptr(PupChunkCodec) codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autofree guint8 *encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);

    for (guint64 page = 0; page < pup_chunk_map_n_pages(job->map); page++) {
        PupName name;
        size_t len;

        if (!pup_chunk_map_page_changed(job->map, page) ||
            !pup_chunk_map_seal_page(job->map, page, plain, &name) ||
            pup_store_write_has(job->write, &name))
            continue;
        len = pup_chunk_encode(codec, plain, encoded);
        if (!pup_store_write_put(job->write, &name, encoded, len, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
pup_hash_disk(const PupHashJob *job, PupPublishReport *report, GError **error)
{
    PupPublishReport sum = *report;

    if (!hash_chunks(job, &sum, error) || !store_pages(job, error))
        return FALSE;
    sum.bytes_stored = pup_store_write_bytes(job->write);
    *report = sum;
    return TRUE;
}
