/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http - small requests to the server; the one file on this side that includes curl.h
 *
 * pup_http_*: a handle for one thread at a time (pup_http_cancel() excepted), keep-alive
 * to the sixteen places that were asked last, bounded answers. Who wants requests in
 * parallel takes a handle for each. Chunk traffic with its parallelism, retry and peers
 * is client-image/stream's, on top of this. The environment's proxies are not used and
 * redirects not followed: the server is the one that was named.
 *
 * Errors: NET (cannot connect, broke off, truncated, timed out; message has the URL and
 * curl's words), NOT_FOUND (404), DENIED (401, 403), BUSY (503), NET (other 5xx), INVALID
 * (other 4xx, 3xx), each with the server's own words where its answer is
 * our JSON error.
 */
#pragma once

#include <glib.h>

typedef struct PupHttp PupHttp;

/* Where nothing speaks for others: a server of the same site answers much sooner. */
#define PUP_HTTP_CONNECT_TIMEOUT_MS 2000u
#define PUP_HTTP_STALL_TIMEOUT_MS 4000u

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
/* A GET of a place that may be slow or ill-meaning. */
typedef struct {
    const char *url;
    const char *const *headers; /* "Name: value", NULL-terminated; NULL: none */
    unsigned limit_ms;          /* for the whole of it; 0: the handle's timeouts alone */
    /* What became of it: */
    gboolean begun;
    gint64 took_us;  /* from its beginning until it was over, or cut off */
    GError *failure; /* of the caller, who frees it; NULL: it won or was cut off */
} PupHttpTry;

/* GET as @get says into @buffer. A body that does not fit is CORRUPT. */
gboolean pup_http_get_try(PupHttp *http, PupHttpTry *get, PupHttpBuffer *buffer,
                          GError **error);
/* GET the same from one of two places: from @tries[0], and when that has failed or taken
 * @hedge_ms, from @tries[1] too. The first complete body is in @buffer, the other request
 * is cut off. Returns the index of the one that won; -1 when both failed, with the error
 * of the second. */
int pup_http_get_hedged(PupHttp *http, PupHttpTry tries[2], unsigned hedge_ms,
                        PupHttpBuffer *buffer, GError **error);
/* GET @url, at most @max_bytes. New GBytes. */
GBytes *pup_http_get(PupHttp *http, const char *url, size_t max_bytes, GError **error);
/* POST a JSON text, not empty; answer as above. */
GBytes *pup_http_post_json(PupHttp *http, const char *url, const char *json,
                           size_t max_bytes, GError **error);
/* POST @body, not empty, as application/octet-stream; answer as above. */
GBytes *pup_http_post(PupHttp *http, const char *url, GBytes *body, size_t max_bytes,
                      GError **error);
