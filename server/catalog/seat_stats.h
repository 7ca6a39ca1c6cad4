/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seat_stats - what a seat's stream counts about itself
 *
 * Sent with each poll (doc/http-api.md), kept beside the seat in the catalog, shown by
 * `pupitre seat list` and /metrics. All grow from the start of the seat's nbdkit on, but
 * for the quantiles, which are of its latest reads, and what it holds of profile and
 * warm-up. Bytes are of encoded chunks.
 *
 * One table names the fields, so that JSON and metrics cannot drift apart. Pure.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef struct {
    guint64
        memory_bytes;   /* what the guest's reads took, by where it was found: memory, */
    guint64 disk_bytes; /* a persistent cache, */
    guint64 peer_bytes; /* other seats, */
    guint64 server_bytes; /* the server */
    guint64 served_bytes; /* sent to other seats */
    guint64 reads, hits;  /* the guest's reads of chunks; those found in memory */
    guint64 read_p50_us, read_p90_us, read_p99_us;
    guint64 profile_chunks, profile_present; /* of the boot profile; those held */
    guint64 warm_version;                    /* that it warms up, 0: none */
    guint64 warm_done, warm_total;           /* chunks */
} PupSeatStats;

typedef struct {
    const char *key; /* in JSON; ends the table when NULL */
    size_t offset;   /* of its guint64 in PupSeatStats */
    gboolean sums;   /* the sum over seats means something */
} PupSeatStatsField;
extern const PupSeatStatsField pup_seat_stats_fields[];

/* The value of @field. */
guint64 pup_seat_stats_get(const PupSeatStats *stats, const PupSeatStatsField *field);

/* Read @object into @stats; a key that is missing is 0, one that is not known is passed
 * over. @what names it in messages. Errors: INVALID. */
gboolean pup_seat_stats_parse(const char *what, json_t *object, PupSeatStats *stats,
                              GError **error);
/* The object of @stats, with "hit_ratio" (0 .. 1, null before the first read). New
 * reference. */
json_t *pup_seat_stats_json(const PupSeatStats *stats);
/* hits / reads; -1 before the first read. */
double pup_seat_stats_hit_ratio(const PupSeatStats *stats);
/* Add to @sum what of @stats can be summed up over seats. */
void pup_seat_stats_add(PupSeatStats *sum, const PupSeatStats *stats);
/* The object of a sum, without what cannot be summed up. New reference. */
json_t *pup_seat_stats_sum_json(const PupSeatStats *sum);
