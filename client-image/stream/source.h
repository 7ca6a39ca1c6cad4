/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source - where an encoded chunk may come from
 *
 * A source is asked for one chunk at a time by each fetching thread, and may be wrong:
 * what it gives is decoded and checked by the caller (client-image/stream/fetch.h), who
 * also does all waiting and retrying. A source that knows several places (servers, seats)
 * decides which of them to ask, and learns from failures.
 *
 * The urgency says who waits: a guest (NOW: hurry), another seat (PEER: ask no seat, so
 * that no question goes round in circles) or nobody (AHEAD: rather wait than load a
 * server). It may rise while the chunk is on its way: read it with pup_urgency().
 *
 * Threads: get and corrupt are called from many threads at once; the PupHttp belongs to
 * the calling one.
 */
#pragma once

#include "client-image/common/http.h"
#include "client-image/stream/disk_cache.h"
#include "client-image/stream/queue.h"
#include "client-image/stream/stats.h"
#include "lib/chunk.h"

typedef struct PupSource PupSource;

typedef struct {
    /* Get the encoded chunk @name into @encoded (which has room for
     * PUP_CHUNK_ENCODED_MAX). One try, bounded by the timeouts of @http. Errors: those of
     * pup_http_get_into(). */
    gboolean (*get)(PupSource *source, PupHttp *http, const PupName *name,
                    const PupUrgency *urgency, PupHttpBuffer *encoded, GError **error);
    /* What the last get with @http gave as @name was not that chunk: ask elsewhere if
     * there is elsewhere. */
    void (*corrupt)(PupSource *source, PupHttp *http, const PupName *name);
    void (*free)(PupSource *source);
} PupSourceOps;

/* A source embeds this as its first member. */
struct PupSource {
    const PupSourceOps *ops;
};

/* The URL of chunk @name on the server or seat at @base. New string. */
char *pup_chunk_url(const char *base, const PupName *name);

/* The room's servers: @urls ("http://ADDR:PORT", NULL-terminated, at least one, copied).
 * One is used until it fails, then the next in turn. @label: the version that is streamed
 * ("lab-101@7"), told with each request so that the server can count; NULL: not told.
 * @stats (borrowed, may be NULL) gets the bytes. Free with source->ops->free(). */
PupSource *pup_source_servers_new(const char *const *urls, const char *label,
                                  PupStats *stats);
/* For who asks the server in use otherwise than with get: where chunk @name is (new
 * string), and the headers to send (borrowed). corrupt moves on to the next server. */
char *pup_source_servers_url(PupSource *source, const PupName *name);
const char *const *pup_source_servers_headers(PupSource *source);

/* The disk cache @cache (borrowed) before @behind (taken over), which is asked for what
 * the cache does not have, or has damaged. Does not put: only what was checked is kept.
 * @stats (borrowed, may be NULL) gets the bytes. */
PupSource *pup_source_disk_new(PupDiskCache *cache, PupSource *behind, PupStats *stats);
