/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http - a request and its answer as handlers see them
 *
 * A handler gets a PupRequest, borrowed for the time of the call, and fills in a
 * PupResponse (zeroed, status 200) or sets an error, which becomes a JSON body with the
 * status of lib/error.h. It runs in one of the HTTP server's threads; nothing in it may
 * block for long.
 *
 *     static gboolean
 *     get_room(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
 *     {
 *         const char *room = req->args[0];
 *         ...
 *         pup_response_json(res, json_pack(...));
 *         return TRUE;
 *     }
 */
#pragma once

#include <glib.h>
#include <jansson.h>
#include "server/http/range.h"
#include "server/http/route.h"

/* Names the version, "ROOM@VERSION", that a chunk is asked for. */
#define PUP_HTTP_VERSION_HEADER "Pupitre-Version"
/* The largest body that a client may send, where its route says no other. */
#define PUP_HTTP_BODY_MAX (64u * 1024u)

typedef struct {
    PupMethod method; /* HEAD comes as GET; the server drops the body */
    const char *args[PUP_ROUTE_MAX_ARGS]; /* what '*' stood for, decoded */
    const char *if_none_match;            /* header, or NULL */
    const char *range;                    /* header, or NULL */
    const char *body;                     /* POST: NUL-terminated */
    size_t body_len;
    gboolean head;
    gpointer connection; /* of httpd.c */
} PupRequest;

/* Value of ?key= in the query, decoded: a new string; NULL when it is not there. */
char *pup_request_query(const PupRequest *req, const char *key);
/* The client's IP address as text. */
const char *pup_request_client(const PupRequest *req, char buf[46]);

typedef struct {
    unsigned status;
    const char *type;   /* Content-Type, static */
    gboolean immutable; /* cacheable for ever; else asked anew, by etag if any */
    gboolean shared;    /* the same for whoever asks, and asking leaves no trace: may be
                           answered again for a while without the handler */
    char *etag;         /* with its quotes, or NULL */
    const char *allow;  /* 405 */
    GBytes *bytes;      /* the body, or */
    int fd;             /* a body of @length bytes at @offset; owned; -1: none */
    guint64 offset, length;
    gboolean ranges; /* Range is answered: Accept-Ranges */
    guint64 total;   /* 206, 416: size of the whole */
} PupResponse;

#define PUP_RESPONSE_INIT ((PupResponse){.status = 200, .fd = -1})

/* Take over @json as the body. */
void pup_response_json(PupResponse *res, json_t *json);
/* Take over @text as the body, of @type (static). */
void pup_response_text(PupResponse *res, const char *type, char *text);
/* A JSON error. */
void pup_response_error(PupResponse *res, unsigned status, const char *code,
                        const char *message);
/* A JSON error out of @error. */
void pup_response_gerror(PupResponse *res, const GError *error);
/* Send @file: takes over @fd, obeys Range. @etag is taken over. */
void pup_response_file(PupResponse *res, const PupRequest *req, int fd, guint64 size,
                       char *etag);
/* Make it a 304 when the client has @res's etag already. TRUE when it has. */
gboolean pup_response_not_modified(PupResponse *res, const PupRequest *req);
/* Free what it owns. */
void pup_response_clear(PupResponse *res);
