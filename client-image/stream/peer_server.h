/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * peer_server - gives our neighbours the chunks that we hold or own
 *
 * Serves GET /v1/chunks/<sha256> and nothing else, as the server does (doc/http-api.md),
 * to seats of the list only. A chunk that memory has not got is fetched when the asker
 * says that it is a seat ("Pupitre-Peer: 1"), from a server and from nobody else, and
 * is 404 otherwise; one that cannot be got, or not soon, is 503: the asker goes
 * elsewhere.
 *
 * What others may cost is bounded: connections of each address and in all, requests that
 * wait, how long they do, how long a slow reader is borne, bytes a second. Body and
 * chunk share their memory. This is the one client file that includes microhttpd.h.
 *
 * Threads: two of its own (HTTP, clock); new and free on one thread.
 */
#pragma once

#include "client-image/stream/stats.h"
#include "client-image/stream/supply.h"

typedef struct PupPeerServer PupPeerServer;

typedef struct {
    PupSupply *supply; /* borrowed, to be freed after the server */
    PupStats *stats;   /* borrowed; NULL: nothing is counted */
    /* How many seats are at @address: none of them is refused. */
    unsigned (*count_at)(gpointer user, const char *address);
    /* KiB a second that may be sent; 0: no limit. */
    unsigned (*uplink_kib_s)(gpointer user);
    gpointer user;
} PupPeerServerConfig;

/* Connections of one seat, and of all. A seat has as many threads that ask as it may have
 * connections: who has been refused one takes us for a seat that is not there. */
#define PUP_PEER_CONNECTIONS_EACH 64u
#define PUP_PEER_CONNECTIONS_MAX 512u
/* Requests that wait for a chunk or for the line, and how long they do. */
#define PUP_PEER_WAITS_MAX 128u
#define PUP_PEER_WAIT_MS 4000u

/* A socket in *@fd that listens on @address (IPv4; NULL: any) and @port (0: any that is
 * free), before there is a supply to serve from. Returns its port; 0 on error: INVALID,
 * IO, DENIED. */
unsigned pup_peer_server_bind(const char *address, unsigned port, int *fd,
                              GError **error);

/* Start to serve on the socket @fd, which is taken over, also on error. Errors: IO. */
PupPeerServer *pup_peer_server_new(const PupPeerServerConfig *config, int fd,
                                   GError **error);
/* Nobody is served any more; requests that wait are ended. */
void pup_peer_server_free(PupPeerServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupPeerServer, pup_peer_server_free)
