/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/latency.h"

#include <pthread.h>

#define SUB_BITS 3u
#define SUB (1u << SUB_BITS)
#define MAX_US G_MAXINT32 /* more than half an hour is not told apart */
#define N_BUCKETS ((31u - SUB_BITS + 1u) * SUB)
#define DEADLINE_PERCENT 95u
#define DEADLINE_FACTOR 3

struct PupLatency {
    pthread_mutex_t lock;
    unsigned keep;
    guint64 n;
    guint64 counts[N_BUCKETS];
};

static unsigned
bucket_of(guint64 us)
{
    unsigned shift;

    if (us < SUB)
        return (unsigned) us;
    shift = g_bit_storage(us) - 1 - SUB_BITS;
    return (shift + 1) * SUB + (unsigned) ((us >> shift) & (SUB - 1));
}

/* The longest duration that falls into @bucket. */
static gint64
end_of(unsigned bucket)
{
    unsigned shift;

    if (bucket < SUB)
        return bucket;
    shift = bucket / SUB - 1;
    return ((gint64) (SUB + bucket % SUB + 1) << shift) - 1;
}

PupLatency *
pup_latency_new(unsigned keep)
{
    PupLatency *latency = g_new0(PupLatency, 1);

    pthread_mutex_init(&latency->lock, NULL);
    latency->keep = keep;
    return latency;
}

void
pup_latency_free(PupLatency *latency)
{
    if (!latency)
        return;
    pthread_mutex_destroy(&latency->lock);
    g_free(latency);
}

static void
halve(PupLatency *latency)
{
    latency->n = 0;
    for (unsigned i = 0; i < N_BUCKETS; i++) {
        latency->counts[i] /= 2;
        latency->n += latency->counts[i];
    }
}

void
pup_latency_note(PupLatency *latency, gint64 took_us)
{
    pthread_mutex_lock(&latency->lock);
    if (latency->keep > 0 && latency->n >= latency->keep)
        halve(latency);
    latency->counts[bucket_of((guint64) CLAMP(took_us, 0, MAX_US))]++;
    latency->n++;
    pthread_mutex_unlock(&latency->lock);
}

/* As pup_latency_percentile(); the lock is held. */
static gint64
percentile(const PupLatency *latency, unsigned percent)
{
    guint64 wanted = (latency->n * percent + 99) / 100;
    guint64 seen = 0;

    for (unsigned i = 0; i < N_BUCKETS; i++) {
        seen += latency->counts[i];
        if (latency->counts[i] > 0 && seen >= wanted)
            return end_of(i);
    }
    return 0;
}

gint64
pup_latency_percentile(PupLatency *latency, unsigned percent)
{
    gint64 us;

    pthread_mutex_lock(&latency->lock);
    us = percentile(latency, percent);
    pthread_mutex_unlock(&latency->lock);
    return us;
}

gint64
pup_latency_deadline(PupLatency *latency)
{
    gint64 us = PUP_LATENCY_START_US;

    pthread_mutex_lock(&latency->lock);
    if (latency->n >= PUP_LATENCY_ENOUGH)
        us = DEADLINE_FACTOR * percentile(latency, DEADLINE_PERCENT);
    pthread_mutex_unlock(&latency->lock);
    return CLAMP(us, PUP_LATENCY_FLOOR_US, PUP_LATENCY_CEILING_US);
}
