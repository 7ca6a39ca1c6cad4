/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * traffic - what the HTTP server has sent, by route and by room@version
 *
 *     pup_traffic_add(traffic, &answer)        each answer, on the chunks' hot path
 *     sent = pup_traffic_take_sent(traffic)    now and then: what came since
 *
 * Threads: any. Each thread counts in a part of its own, so that its lock is free but for
 * the moments when somebody reads.
 */
#pragma once

#include <glib.h>

typedef struct PupTraffic PupTraffic;

#define PUP_TRAFFIC_ROUTES_MAX 64u
/* "ROOM@VERSION" and its end. */
#define PUP_TRAFFIC_LABEL_MAX 76u

typedef struct {
    unsigned route;  /* its place in the table of routes; what lies behind the table is
                        an answer of no route */
    unsigned status; /* of HTTP */
    const char *version; /* "ROOM@VERSION" that asks for a chunk, as it says; or NULL */
    guint64 bytes;       /* of the body */
} PupTrafficAnswer;

typedef struct {
    char label[PUP_TRAFFIC_LABEL_MAX]; /* "ROOM@VERSION", not checked */
    guint64 chunks, bytes;
} PupTrafficSent;

PupTraffic *pup_traffic_new(void);
void pup_traffic_free(PupTraffic *traffic);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupTraffic, pup_traffic_free)

void pup_traffic_add(PupTraffic *traffic, const PupTrafficAnswer *answer);

/* What was sent by label since the last call: GArray of PupTrafficSent, in which a label
 * may stand several times. At most 64 labels a thread are counted between two calls. */
GArray *pup_traffic_take_sent(PupTraffic *traffic);

/* Answers of @route with a status of @hundreds (2: 200 .. 299) since the start. */
guint64 pup_traffic_answers(PupTraffic *traffic, unsigned route, unsigned hundreds);
