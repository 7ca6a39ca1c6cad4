/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/gate.h"

#include <pthread.h>

struct PupGate {
    pthread_mutex_t lock;
    pthread_cond_t freed;
    unsigned max;
    unsigned n_in;
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
    pthread_cond_init(&gate->freed, NULL);
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

void
pup_gate_enter(PupGate *gate)
{
    pthread_mutex_lock(&gate->lock);
    while (gate->n_in >= (unsigned) gate->width)
        pthread_cond_wait(&gate->freed, &gate->lock);
    gate->n_in++;
    pthread_mutex_unlock(&gate->lock);
}

static void
adapt(PupGate *gate, gint64 begun_us, gint64 now_us)
{
    gboolean late = now_us - begun_us > PUP_GATE_LATE_US;

    if (late && begun_us >= gate->narrowed_us) {
        gate->was_late = TRUE;
        gate->narrowed_us = now_us;
        gate->width = MAX(gate->width * 0.7, 1);
    } else if (!late) {
        gate->width += gate->was_late ? 1 / gate->width : 1;
        gate->width = MIN(gate->width, gate->max);
    }
}

void
pup_gate_leave(PupGate *gate, gint64 begun_us, gint64 now_us)
{
    pthread_mutex_lock(&gate->lock);
    gate->n_in--;
    if (begun_us != 0)
        adapt(gate, begun_us, now_us);
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
