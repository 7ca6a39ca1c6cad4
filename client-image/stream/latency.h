/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * latency - how long something takes, as percentiles
 *
 * A histogram with eight buckets to each power of two: a percentile is at most an eighth
 * too high, whatever the range, in 2 KiB of memory.
 *
 * Threads: any. Reads no clock: durations are arguments.
 */
#pragma once

#include <glib.h>

typedef struct PupLatency PupLatency;

/* The deadline while fewer than this many were measured. */
#define PUP_LATENCY_ENOUGH 16u
#define PUP_LATENCY_START_US (300 * 1000)
/* A deadline is never shorter or longer. */
#define PUP_LATENCY_FLOOR_US (50 * 1000)
#define PUP_LATENCY_CEILING_US (1000 * 1000)

/* An empty histogram. When it has @keep durations, the old ones begin to count less: it
 * follows what changes. 0: all count alike for ever. */
PupLatency *pup_latency_new(unsigned keep);
void pup_latency_free(PupLatency *latency);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupLatency, pup_latency_free)

/* It took @took_us. */
void pup_latency_note(PupLatency *latency, gint64 took_us);

/* What @percent (1 to 100) of the durations did not exceed, in microseconds; 0 when
 * nothing was noted. */
gint64 pup_latency_percentile(PupLatency *latency, unsigned percent);

/* How long to wait before one thinks that this time something is wrong: three times what
 * 95 of 100 take, within floor and ceiling. In microseconds. */
gint64 pup_latency_deadline(PupLatency *latency);
