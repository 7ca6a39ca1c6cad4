/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/queue.h"

struct PupQueue {
    GHashTable *jobs;                /* PupName -> PupJob, all of them */
    GQueue waiting[PUP_N_URGENCIES]; /* by urgency */
    GQueue delayed; /* NOW ones, in no order: it is short, as long as there are readers */
    unsigned max_others;
    unsigned max_foreseen;
    unsigned n_others_running;
    unsigned n_foreseen_running;
    unsigned n_now_on_wire;
};

PupQueue *
pup_queue_new(unsigned max_others, unsigned max_foreseen)
{
    PupQueue *queue = g_new0(PupQueue, 1);

    queue->jobs = g_hash_table_new_full(pup_name_hash, pup_name_hash_equal, NULL, g_free);
    queue->max_others = max_others;
    queue->max_foreseen = max_foreseen;
    return queue;
}

void
pup_queue_free(PupQueue *queue)
{
    if (!queue)
        return;
    g_hash_table_destroy(queue->jobs);
    g_free(queue);
}

static void
put_in(PupJob *job, GQueue *in)
{
    if (job->in)
        g_queue_unlink(job->in, &job->link);
    job->in = in;
    g_queue_push_tail_link(in, &job->link);
}

static gboolean
hurry(PupQueue *queue, PupJob *job, PupUrgency urgency)
{
    gboolean queued = job->in == &queue->waiting[job->urgency];

    if (urgency >= job->urgency)
        return FALSE;
    g_atomic_int_set(&job->urgency, urgency);
    if (queued)
        put_in(job, &queue->waiting[urgency]);
    return queued;
}

gboolean
pup_queue_want(PupQueue *queue, const PupName *name, PupUrgency urgency, gint64 now_us)
{
    PupJob *job = g_hash_table_lookup(queue->jobs, name);

    if (job)
        return hurry(queue, job, urgency);
    job = g_new0(PupJob, 1);
    job->name = *name;
    job->urgency = urgency;
    job->wanted_us = now_us;
    job->link.data = job;
    g_hash_table_insert(queue->jobs, &job->name, job);
    put_in(job, &queue->waiting[urgency]);
    return TRUE;
}

gboolean
pup_queue_hurry(PupQueue *queue, const PupName *name, PupUrgency urgency)
{
    PupJob *job = g_hash_table_lookup(queue->jobs, name);

    return job && hurry(queue, job, urgency);
}

/* The delayed job that is ready first, or NULL. */
static PupJob *
next_delayed(PupQueue *queue)
{
    PupJob *first = NULL;

    for (GList *l = queue->delayed.head; l; l = l->next) {
        PupJob *job = l->data;
        if (!first || job->ready_us < first->ready_us)
            first = job;
    }
    return first;
}

static gboolean
is_foreseen(PupUrgency urgency)
{
    return urgency == PUP_FETCH_AHEAD || urgency == PUP_FETCH_LATER;
}

static PupJob *
run(PupQueue *queue, PupJob *job)
{
    g_queue_unlink(job->in, &job->link);
    job->in = NULL;
    job->counts_other = job->urgency != PUP_FETCH_NOW;
    job->counts_foreseen = is_foreseen(job->urgency);
    job->counts_on_wire = !job->counts_other;
    queue->n_others_running += job->counts_other;
    queue->n_foreseen_running += job->counts_foreseen;
    queue->n_now_on_wire += job->counts_on_wire;
    return job;
}

/* TRUE when one more job of @urgency, not NOW, may run beside the others. */
static gboolean
has_place(const PupQueue *queue, PupUrgency urgency)
{
    return queue->n_others_running < queue->max_others &&
           (!is_foreseen(urgency) || queue->n_foreseen_running < queue->max_foreseen);
}

/* TRUE when there is a job of @urgency, not NOW, and it may run. */
static gboolean
may_run(const PupQueue *queue, PupUrgency urgency)
{
    return queue->waiting[urgency].length > 0 && has_place(queue, urgency) &&
           (urgency != PUP_FETCH_AHEAD || queue->n_now_on_wire == 0);
}

gboolean
pup_queue_is_hungry(const PupQueue *queue)
{
    for (PupUrgency urgency = PUP_FETCH_NOW; urgency < PUP_N_URGENCIES; urgency++) {
        if (queue->waiting[urgency].length > 0)
            return FALSE;
    }
    return has_place(queue, PUP_FETCH_LATER);
}

PupJob *
pup_queue_take(PupQueue *queue, gint64 now_us, gint64 *next_us)
{
    PupJob *delayed = next_delayed(queue);

    if (delayed && delayed->ready_us <= now_us)
        return run(queue, delayed);
    if (queue->waiting[PUP_FETCH_NOW].length > 0)
        return run(queue, queue->waiting[PUP_FETCH_NOW].head->data);
    for (PupUrgency urgency = PUP_FETCH_PEER; urgency < PUP_N_URGENCIES; urgency++) {
        if (may_run(queue, urgency))
            return run(queue, queue->waiting[urgency].head->data);
    }
    *next_us = delayed ? delayed->ready_us : G_MAXINT64;
    return NULL;
}

gboolean
pup_queue_came(PupQueue *queue, PupJob *job)
{
    queue->n_now_on_wire -= job->counts_on_wire;
    job->counts_on_wire = FALSE;
    return queue->n_now_on_wire == 0 && queue->waiting[PUP_FETCH_AHEAD].length > 0;
}

static void
stop_running(PupQueue *queue, PupJob *job)
{
    pup_queue_came(queue, job);
    queue->n_others_running -= job->counts_other;
    queue->n_foreseen_running -= job->counts_foreseen;
    job->counts_other = job->counts_foreseen = FALSE;
}

void
pup_queue_park(PupQueue *queue, PupJob *job)
{
    stop_running(queue, job);
    job->parked = TRUE;
}

gboolean
pup_queue_is_parked(PupQueue *queue, const PupName *name)
{
    const PupJob *job = g_hash_table_lookup(queue->jobs, name);

    return job && job->parked;
}

void
pup_queue_again(PupQueue *queue, PupJob *job, gint64 ready_us)
{
    stop_running(queue, job);
    job->parked = FALSE;
    job->tries++;
    job->ready_us = ready_us;
    put_in(job, job->urgency == PUP_FETCH_NOW ? &queue->delayed
                                              : &queue->waiting[job->urgency]);
}

void
pup_queue_done(PupQueue *queue, PupJob *job)
{
    stop_running(queue, job);
    g_hash_table_remove(queue->jobs, &job->name);
}
