/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http - small requests to the server; the one file on this side that includes curl.h
 *
 * pup_http_*: a handle for one thread at a time (pup_http_cancel() excepted), keep-alive,
 * bounded answers. Who wants requests in parallel takes a handle for each. Chunk traffic
 * with its parallelism, retry and (later) peers is client-image/stream's, on top of this.
 * The environment's proxies are not used and redirects not followed: the server is the
 * one that was named.
 *
 * Errors: NET (cannot connect, broke off, truncated, timed out; message has the URL and
 * curl's words), NOT_FOUND (404), DENIED (401, 403), BUSY (503), NET (other 5xx), INVALID
 * (other 4xx, 3xx), each with the server's own words where its answer is
 * our JSON error.
 */
#pragma once

#include <glib.h>

typedef struct PupHttp PupHttp;

/* @connect_timeout_ms: to a connection; @stall_timeout_ms: give up when not one byte came
 * for that long after it. */
PupHttp *pup_http_new(unsigned connect_timeout_ms, unsigned stall_timeout_ms);
void pup_http_free(PupHttp *http);

/* From any thread: end the request that @http is in, and any later one, with BUSY. */
void pup_http_cancel(PupHttp *http);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupHttp, pup_http_free)

/* Where a body is put: @data has room for @size bytes, @len of them came so far. @came
 * (may be NULL) is called when a request begins, with @len 0, and each time that more has
 * come. */
typedef struct PupHttpBuffer PupHttpBuffer;
struct PupHttpBuffer {
    guint8 *data;
    size_t size;
    size_t len;
    void (*came)(PupHttpBuffer *buffer);
};

/* GET @url into @buffer. A body that does not fit is CORRUPT. */
gboolean pup_http_get_into(PupHttp *http, const char *url, PupHttpBuffer *buffer,
                           GError **error);
/* GET @url, at most @max_bytes. New GBytes. */
GBytes *pup_http_get(PupHttp *http, const char *url, size_t max_bytes, GError **error);
/* POST a JSON text; answer as above. */
GBytes *pup_http_post_json(PupHttp *http, const char *url, const char *json,
                           size_t max_bytes, GError **error);
