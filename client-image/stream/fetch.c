/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each thread has a connection, a codec and a receive buffer of its own; they share the
 * queue. A thread decompresses and hashes a chunk while it comes in, and has checked it
 * before anybody else sees it.
 */
#include "config.h"

#include "client-image/stream/fetch.h"

#include "client-image/stream/clock.h"
#include "lib/error.h"
#include "lib/names.h"

#define DELAY_FIRST_MS 50u
#define DELAY_MAX_MS 2000u
/* A read that waits this long is worth a word on the screen. */
#define REPORT_AFTER_US (1 * G_USEC_PER_SEC)

typedef struct {
    PupHttpBuffer buffer; /* first: came() gets it and wants the worker */
    PupFetch *fetch;
    pthread_t thread;
    PupHttp *http;
    PupChunkCodec *codec;
    PupBuffer *plain; /* what is being made of the buffer */
    gboolean parks;   /* what comes is not named now */
    guint8 encoded[PUP_CHUNK_ENCODED_MAX];
} Worker;

/* A chunk that has come and was not checked yet. */
typedef struct {
    PupJob *job;
    PupBuffer *encoded, *plain;
} Parked;

struct PupFetch {
    PupFetchConfig config;
    pthread_mutex_t lock;
    pthread_cond_t work;
    PupQueue *queue;
    gboolean stopping;
    unsigned n_wakes;
    GArray *parked;      /* of Parked */
    size_t parked_bytes; /* encoded, of these and of those that are being checked */
    Worker *workers;
};

static PupBuffer *
copy_of(const guint8 *data, size_t len)
{
    PupBuffer *buffer = pup_buffer_new(len);

    memcpy(buffer->data, data, len);
    return buffer;
}

/* @job is off the wire: tell the queue. */
static void
came(PupFetch *fetch, PupJob *job)
{
    pthread_mutex_lock(&fetch->lock);
    if (pup_queue_came(fetch->queue, job))
        pthread_cond_signal(&fetch->work);
    pthread_mutex_unlock(&fetch->lock);
}

/* More of the chunk is there (nothing yet: a try begins). */
static void
grew(PupHttpBuffer *buffer)
{
    Worker *worker = (Worker *) buffer;

    if (buffer->len == 0 && worker->parks)
        pup_chunk_begin_unnamed(worker->codec);
    else if (buffer->len == 0)
        pup_chunk_begin(worker->codec);
    else
        pup_chunk_advance(worker->codec, buffer->data, buffer->len, worker->plain->data);
}

/* One try at @job: what came, or NULL; checked, unless the worker parks it. */
static PupBuffer *
try_once(Worker *worker, PupJob *job, GError **error)
{
    PupSource *source = worker->fetch->config.source;
    const PupName *name = &job->name;
    PupHttpBuffer *buffer = &worker->buffer;
    g_autoptr(PupBuffer) plain = pup_pool_take(worker->fetch->config.plains);
    GError *failure = NULL;

    worker->plain = plain;
    if (source->ops->get(source, worker->http, name, &job->urgency, buffer, &failure)) {
        came(worker->fetch, job);
        if (pup_chunk_end(worker->codec, buffer->data, buffer->len,
                          worker->parks ? NULL : name, plain->data, &failure))
            return g_steal_pointer(&plain);
    }
    if (g_error_matches(failure, PUP_ERROR, PUP_ERROR_CORRUPT)) {
        source->ops->corrupt(source, worker->http, name);
        pup_report_corrupt(worker->fetch->config.report, failure->message);
    }
    g_propagate_error(error, failure);
    return NULL;
}

static gint64
delay_us(unsigned tries)
{
    guint64 delay_ms = (guint64) DELAY_FIRST_MS << MIN(tries, 10u);

    return (gint64) MIN(delay_ms, DELAY_MAX_MS) * 1000;
}

/* @job failed. TRUE: it was given up. The lock is held. */
static gboolean
put_back(PupFetch *fetch, PupJob *job, const GError *error)
{
    gint64 now_us = g_get_monotonic_time();

    if (job->urgency != PUP_FETCH_NOW) {
        pup_queue_done(fetch->queue, job);
        return TRUE;
    }
    if (!job->reported && now_us - job->wanted_us >= REPORT_AFTER_US) {
        job->reported = TRUE;
        pup_report_wait(fetch->config.report, error->message);
    }
    pup_queue_again(fetch->queue, job, now_us + delay_us(job->tries));
    return FALSE;
}

/* @parked is what it should be when @good; otherwise it is fetched again. */
static void
settle(PupFetch *fetch, const Parked *parked, const PupName *name)
{
    gboolean good;

    pthread_mutex_lock(&fetch->lock);
    good = pup_name_equal(name, &parked->job->name);
    if (good)
        pup_queue_done(fetch->queue, parked->job);
    else
        pup_queue_again(fetch->queue, parked->job, 0);
    pthread_cond_signal(&fetch->work);
    pthread_mutex_unlock(&fetch->lock);
    if (good) {
        pup_report_chunk(fetch->config.report);
        fetch->config.done(fetch->config.user, name, parked->encoded, parked->plain);
    }
    pthread_mutex_lock(&fetch->lock);
    fetch->parked_bytes -= parked->encoded->len;
    pthread_mutex_unlock(&fetch->lock);
}

/* Name what @batch holds. Called and left with the lock held. */
static void
check(PupFetch *fetch, const GArray *batch)
{
    g_autofree const guint8 **plains = g_new(const guint8 *, batch->len);
    g_autofree PupName *names = g_new(PupName, batch->len);

    pthread_mutex_unlock(&fetch->lock);
    for (guint i = 0; i < batch->len; i++)
        plains[i] = g_array_index(batch, Parked, i).plain->data;
    pup_names_of(plains, batch->len, names);
    for (guint i = 0; i < batch->len; i++)
        settle(fetch, &g_array_index(batch, Parked, i), &names[i]);
    pthread_mutex_lock(&fetch->lock);
}

static void
unref_parked(Parked *parked)
{
    pup_buffer_unref(parked->encoded);
    pup_buffer_unref(parked->plain);
}

static GArray *
parking(void)
{
    GArray *parking = g_array_new(FALSE, FALSE, sizeof(Parked));

    g_array_set_clear_func(parking, (GDestroyNotify) unref_parked);
    return parking;
}

/* Check all that is parked. The lock is held. */
static void
check_parked(PupFetch *fetch)
{
    g_autoptr(GArray) batch = fetch->parked;

    fetch->parked = parking();
    check(fetch, batch);
}

/* Put aside what came for @job. The lock is held. */
static void
park(PupFetch *fetch, PupJob *job, PupBuffer *encoded, PupBuffer *plain)
{
    const Parked parked = {job, pup_buffer_ref(encoded), pup_buffer_ref(plain)};

    pup_queue_park(fetch->queue, job);
    g_array_append_val(fetch->parked, parked);
    fetch->parked_bytes += encoded->len;
    pthread_cond_signal(&fetch->work);
}

/* Run @job, which stays ours until it is given back. Called and left with the lock held.
 */
static void
run_job(Worker *worker, PupJob *job)
{
    PupFetch *fetch = worker->fetch;
    const PupFetchConfig *config = &fetch->config;
    PupName name = job->name;
    g_autoptr(PupBuffer) plain = NULL;
    g_autoptr(PupBuffer) encoded = NULL;
    g_autoptr(GError) error = NULL;
    gboolean over = TRUE;

    worker->parks =
        job->urgency == PUP_FETCH_LATER && job->tries == 0 && fetch->config.batch > 1;
    pthread_mutex_unlock(&fetch->lock);
    plain = try_once(worker, job, &error);
    if (plain)
        encoded = copy_of(worker->buffer.data, worker->buffer.len);
    if (plain && !worker->parks)
        pup_report_chunk(config->report);
    pthread_mutex_lock(&fetch->lock);
    if (fetch->stopping)
        return;
    if (plain && worker->parks) {
        park(fetch, job, encoded, plain);
        /* Somebody began to want it while it was on its way. */
        if (job->urgency != PUP_FETCH_LATER)
            check_parked(fetch);
        return;
    }
    if (plain) {
        if (job->reported)
            pup_report_resume(config->report);
        pup_queue_done(fetch->queue, job);
    } else {
        over = put_back(fetch, job, error);
    }
    /* A thread may be free now for a job that it was not allowed to take before, and a
     * sleeping one does not know of a delay that ends sooner than its own. */
    pthread_cond_signal(&fetch->work);
    pthread_mutex_unlock(&fetch->lock);
    if (over)
        config->done(config->user, &name, encoded, plain);
    pthread_mutex_lock(&fetch->lock);
}

/* Have @fetch's owner want more, when nothing else is to do. TRUE when looking for a job
 * again is worth while. The lock is held, but not while the owner is asked: what comes
 * meanwhile wakes nobody, and counts here. */
static gboolean
find_more(PupFetch *fetch)
{
    const PupFetchConfig *config = &fetch->config;
    unsigned n_wakes = fetch->n_wakes;
    gboolean more;

    if (!pup_queue_is_hungry(fetch->queue))
        return FALSE;
    pthread_mutex_unlock(&fetch->lock);
    more = config->idle(config->user);
    pthread_mutex_lock(&fetch->lock);
    return more || fetch->stopping || n_wakes != fetch->n_wakes ||
           !pup_queue_is_hungry(fetch->queue);
}

static void *
work(void *user)
{
    Worker *worker = user;
    PupFetch *fetch = worker->fetch;

    pthread_mutex_lock(&fetch->lock);
    while (!fetch->stopping) {
        gint64 next_us = G_MAXINT64;
        PupJob *job = NULL;
        if (fetch->parked->len < fetch->config.batch)
            job = pup_queue_take(fetch->queue, g_get_monotonic_time(), &next_us);
        if (job)
            run_job(worker, job);
        else if (fetch->parked->len >= fetch->config.batch)
            check_parked(fetch);
        else if (find_more(fetch))
            continue;
        else if (fetch->parked->len > 0)
            check_parked(fetch);
        else
            pup_clock_cond_wait(&fetch->work, &fetch->lock, next_us);
    }
    pthread_mutex_unlock(&fetch->lock);
    return NULL;
}

PupFetch *
pup_fetch_new(const PupFetchConfig *config)
{
    PupFetch *fetch = g_new0(PupFetch, 1);
    unsigned n_others = config->n_threads - 1;

    fetch->config = *config;
    if (config->batch == 0)
        fetch->config.batch = pup_names_lanes();
    pthread_mutex_init(&fetch->lock, NULL);
    pup_clock_cond_init(&fetch->work);
    fetch->queue = pup_queue_new(n_others, (2 * n_others + 2) / 3);
    fetch->parked = parking();
    fetch->workers = g_new0(Worker, config->n_threads);
    for (unsigned i = 0; i < config->n_threads; i++) {
        Worker *worker = &fetch->workers[i];
        worker->fetch = fetch;
        worker->buffer =
            (PupHttpBuffer){worker->encoded, sizeof worker->encoded, 0, grew};
        worker->http =
            pup_http_new(PUP_HTTP_CONNECT_TIMEOUT_MS, PUP_HTTP_STALL_TIMEOUT_MS);
        worker->codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
        if (pthread_create(&worker->thread, NULL, work, worker) != 0)
            g_error("cannot start a thread");
    }
    return fetch;
}

void
pup_fetch_free(PupFetch *fetch)
{
    if (!fetch)
        return;
    pthread_mutex_lock(&fetch->lock);
    fetch->stopping = TRUE;
    pthread_cond_broadcast(&fetch->work);
    pthread_mutex_unlock(&fetch->lock);
    for (unsigned i = 0; i < fetch->config.n_threads; i++)
        pup_http_cancel(fetch->workers[i].http);
    for (unsigned i = 0; i < fetch->config.n_threads; i++) {
        pthread_join(fetch->workers[i].thread, NULL);
        pup_http_free(fetch->workers[i].http);
        pup_chunk_codec_free(fetch->workers[i].codec);
    }
    g_array_free(fetch->parked, TRUE);
    pup_queue_free(fetch->queue);
    pthread_cond_destroy(&fetch->work);
    pthread_mutex_destroy(&fetch->lock);
    g_free(fetch->workers);
    g_free(fetch);
}

void
pup_fetch_want(PupFetch *fetch, const PupName *name, PupUrgency urgency)
{
    pthread_mutex_lock(&fetch->lock);
    if (pup_queue_want(fetch->queue, name, urgency, g_get_monotonic_time()))
        pthread_cond_signal(&fetch->work);
    pthread_mutex_unlock(&fetch->lock);
}

gboolean
pup_fetch_hurry(PupFetch *fetch, const PupName *name, PupUrgency urgency)
{
    gboolean parked;

    pthread_mutex_lock(&fetch->lock);
    if (pup_queue_hurry(fetch->queue, name, urgency))
        pthread_cond_signal(&fetch->work);
    parked = urgency != PUP_FETCH_LATER && pup_queue_is_parked(fetch->queue, name);
    pthread_mutex_unlock(&fetch->lock);
    return parked;
}

void
pup_fetch_check(PupFetch *fetch)
{
    pthread_mutex_lock(&fetch->lock);
    if (fetch->parked->len > 0)
        check_parked(fetch);
    pthread_mutex_unlock(&fetch->lock);
}

size_t
pup_fetch_parked_bytes(PupFetch *fetch)
{
    size_t n_bytes;

    pthread_mutex_lock(&fetch->lock);
    n_bytes = fetch->parked_bytes;
    pthread_mutex_unlock(&fetch->lock);
    return n_bytes;
}

void
pup_fetch_wake(PupFetch *fetch)
{
    pthread_mutex_lock(&fetch->lock);
    fetch->n_wakes++;
    pthread_cond_broadcast(&fetch->work);
    pthread_mutex_unlock(&fetch->lock);
}
