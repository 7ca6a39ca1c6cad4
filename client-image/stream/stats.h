/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stats - what a seat's stream did so far, in numbers
 *
 * One object for the whole plugin: whoever does something adds it, the poll of the peers
 * (client-image/stream/peers.h) tells the server. Names and units: doc/http-api.md.
 *
 * Threads: any.
 */
#pragma once

#include <jansson.h>

#include "client-image/stream/latency.h"

typedef struct PupStats PupStats;

typedef enum {
    PUP_STAT_MEMORY_BYTES, /* encoded, by where they came from */
    PUP_STAT_DISK_BYTES,
    PUP_STAT_PEER_BYTES,
    PUP_STAT_SERVER_BYTES,
    PUP_STAT_SERVED_BYTES, /* sent to peers */
    PUP_STAT_READS,        /* chunks that the guest wanted */
    PUP_STAT_HITS,         /* of these, found in memory */
    PUP_STAT_PROFILE_CHUNKS,
    PUP_STAT_PROFILE_PRESENT,
    PUP_STAT_WARM_VERSION,
    PUP_STAT_WARM_DONE,
    PUP_STAT_WARM_TOTAL,
    PUP_N_STATS,
} PupStat;

PupStats *pup_stats_new(void);
void pup_stats_free(PupStats *stats);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupStats, pup_stats_free)

/* All of these do nothing, or say 0, when @stats is NULL. */
void pup_stats_add(PupStats *stats, PupStat stat, guint64 n);
void pup_stats_set(PupStats *stats, PupStat stat, guint64 n);
guint64 pup_stats_get(PupStats *stats, PupStat stat);

/* A guest's read took @took_us. */
void pup_stats_note_read(PupStats *stats, gint64 took_us);

/* All of them as the server wants them. New object. */
json_t *pup_stats_to_json(PupStats *stats);
