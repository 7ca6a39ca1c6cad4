/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/gate.h"

#include "client-image/stream/clock.h"

struct PupGate {
    pthread_mutex_t lock;
    pthread_cond_t freed;
    unsigned max;
    unsigned n_in;
    unsigned n_first;   /* of those that wait */
    double width;       /* 1 to max */
    gboolean was_late;  /* ever */
    gint64 narrowed_us; /* what began before says nothing about the width since */
};

PupGate *
pup_gate_new(unsigned max)
{
    PupGate *gate = g_new0(PupGate, 1);

    gate->max = max;
    gate->width = MIN(PUP_GATE_START, max);
    pthread_mutex_init(&gate->lock, NULL);
    pup_clock_cond_init(&gate->freed);
    return gate;
}

void
pup_gate_free(PupGate *gate)
{
    if (!gate)
        return;
    pthread_cond_destroy(&gate->freed);
    pthread_mutex_destroy(&gate->lock);
    g_free(gate);
}

static gboolean
is_open(const PupGate *gate, PupGateRank rank)
{
    return gate->n_in < (unsigned) gate->width &&
           (rank == PUP_GATE_FIRST || gate->n_first == 0);
}

gboolean
pup_gate_enter(PupGate *gate, PupGateRank rank, gint64 wait_us)
{
    gint64 until_us = g_get_monotonic_time() + wait_us;
    gboolean in_time = TRUE, open;

    pthread_mutex_lock(&gate->lock);
    gate->n_first += rank == PUP_GATE_FIRST;
    while (!(open = is_open(gate, rank)) && in_time)
        in_time = pup_clock_cond_wait(&gate->freed, &gate->lock, until_us);
    gate->n_first -= rank == PUP_GATE_FIRST;
    gate->n_in += open;
    /* Others may have been held back by us alone. */
    if (rank == PUP_GATE_FIRST)
        pthread_cond_broadcast(&gate->freed);
    pthread_mutex_unlock(&gate->lock);
    return open;
}

/* That all goes well while there is room says nothing about more. */
static void
adapt(PupGate *gate, gint64 begun_us, gint64 now_us)
{
    gboolean late = now_us - begun_us > PUP_GATE_LATE_US;
    gboolean full = gate->n_in >= (unsigned) gate->width;

    if (late && begun_us >= gate->narrowed_us) {
        gate->was_late = TRUE;
        gate->narrowed_us = now_us;
        gate->width = MAX(gate->width * 0.7, 1);
    } else if (!late && full) {
        gate->width += gate->was_late ? 1 / gate->width : 1;
        gate->width = MIN(gate->width, gate->max);
    }
}

void
pup_gate_leave(PupGate *gate, gint64 begun_us, gint64 now_us)
{
    pthread_mutex_lock(&gate->lock);
    if (begun_us != 0)
        adapt(gate, begun_us, now_us);
    gate->n_in--;
    pthread_cond_broadcast(&gate->freed);
    pthread_mutex_unlock(&gate->lock);
}

unsigned
pup_gate_width(PupGate *gate)
{
    unsigned width;

    pthread_mutex_lock(&gate->lock);
    width = (unsigned) gate->width;
    pthread_mutex_unlock(&gate->lock);
    return width;
}
