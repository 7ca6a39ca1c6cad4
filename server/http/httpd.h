/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * httpd - the HTTP server: threads, connections, a table of routes
 *
 * The one file that knows libmicrohttpd is httpd.c. One epoll loop a thread; a body that
 * lies in a file goes out by sendfile. What the table does not hold is 404, a wrong
 * method 405 with Allow, a body beyond the route's bound 413, and a malformed request
 * 400: each with a JSON error.
 *
 *     httpd = pup_httpd_new(&options, routes, service, &error)
 *     pup_httpd_free(httpd)        stops gracefully
 *
 * Threads: new and free from one thread; handlers run in the server's.
 */
#pragma once

#include "server/http/http.h"
#include "server/http/traffic.h"

typedef gboolean PupHandlerFunc(gpointer data, const PupRequest *req, PupResponse *res,
                                GError **error);

typedef struct {
    PupMethod method;
    const char *pattern; /* route.h */
    PupHandlerFunc *handler;
    size_t body_max; /* bytes of a POST's body; 0: PUP_HTTP_BODY_MAX */
} PupRoute;

typedef struct {
    const char *address; /* to listen on; NULL: all of IPv4 */
    unsigned port;       /* 0: any free one */
    unsigned threads;    /* 0: one a core */
    PupTraffic *traffic; /* counts the answers; borrowed; NULL: nobody does */
} PupHttpdOptions;

typedef struct PupHttpd PupHttpd;

/* Listen and serve @routes (ended by .pattern == NULL; borrowed), calling handlers with
 * @data. Errors: IO, DENIED (the port is taken or not allowed). */
PupHttpd *pup_httpd_new(const PupHttpdOptions *options, const PupRoute *routes,
                        gpointer data, GError **error);
/* The port it listens on. */
unsigned pup_httpd_port(const PupHttpd *httpd);
/* Accept nothing more, let running answers end for at most ten seconds, stop. */
void pup_httpd_free(PupHttpd *httpd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupHttpd, pup_httpd_free)
