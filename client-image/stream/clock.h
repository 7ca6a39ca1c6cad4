/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock - condition variables that wait until a time of g_get_monotonic_time()
 *
 * Threads: any.
 */
#pragma once

#include <glib.h>
#include <pthread.h>

static inline void
pup_clock_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

/* Wait for @cond until @until_us (G_MAXINT64: for ever). FALSE when the time has passed.
 * May wake for nothing, as condition variables do. */
static inline gboolean
pup_clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, gint64 until_us)
{
    struct timespec until = {.tv_sec = until_us / G_USEC_PER_SEC,
                             .tv_nsec = (until_us % G_USEC_PER_SEC) * 1000};

    if (until_us == G_MAXINT64)
        return pthread_cond_wait(cond, lock) == 0;
    return pthread_cond_timedwait(cond, lock, &until) == 0;
}
