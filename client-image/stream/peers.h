/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * peers - the seats of our neighbourhood, as the server tells them
 *
 * A thread polls POST /v1/seats/<mac>/peers (doc/http-api.md): that joins the
 * neighbourhood, keeps us in it, tells our numbers and brings the list. While no server
 * answers the last list stays in use.
 *
 *     list = pup_peers_list(peers)
 *     at = pup_owner_next(list->keys, list->n, &name, PUP_OWNER_NONE)
 *     if (!pup_peers_avoids(peers, &list->seats[at])) ... ask it; blame or forgive it
 *     pup_peer_list_unref(list)
 *
 * Threads: any. Nothing here is signed or believed: a wrong list costs time only.
 */
#pragma once

#include "client-image/stream/avoid.h"
#include "client-image/stream/owner.h"
#include "client-image/stream/stats.h"

/* A seat that serves chunks. */
typedef struct {
    char mac[18];
    char address[16]; /* IPv4 */
    unsigned port;
    char url[32]; /* "http://ADDRESS:PORT" */
} PupPeer;

/* The list at one moment; it never changes. */
typedef struct {
    gint refs; /* atomic */
    guint n;
    guint own; /* our own index; PUP_OWNER_NONE when we are not in it */
    PupPeer *seats;
    guint64 *keys; /* of the seats, for pup_owner_next() */
} PupPeerList;

/* An answer of the server, or at least its list. */
typedef struct {
    char epoch[33];
    unsigned poll_ms;
    unsigned uplink_kib_s;
    unsigned warm;
    PupPeerList *list; /* NULL: as before */
} PupPeersAnswer;

typedef struct {
    const char *const *servers; /* URLs, NULL-terminated, at least one */
    const char *mac;            /* ours, as the server writes it */
    const char *boot;
    const char *room;
    unsigned version;
    unsigned port;   /* that we serve on; 0: we serve nobody */
    PupStats *stats; /* borrowed; NULL: none are told */
} PupPeersConfig;

typedef struct PupPeers PupPeers;

/* QEMU takes longer to its first read: a guest seldom waits for it. */
#define PUP_PEERS_AWAIT_MS 1000u

/* Start to poll. @config is copied. */
PupPeers *pup_peers_new(const PupPeersConfig *config);
void pup_peers_free(PupPeers *peers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupPeers, pup_peers_free)

/* Wait until the server was asked often enough to know of seats that start with us,
 * whether it has answered or not; at most until PUP_PEERS_AWAIT_MS after
 * pup_peers_new(). */
void pup_peers_await_polls(PupPeers *peers);

/* The guest reads version @version from now on: tell the server. */
void pup_peers_tell_version(PupPeers *peers, unsigned version);

/* The list now; never NULL, empty until the server has told one. New reference. */
PupPeerList *pup_peers_list(PupPeers *peers);
/* An empty list with room for @n seats. */
PupPeerList *pup_peer_list_new(guint n);
void pup_peer_list_unref(PupPeerList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupPeerList, pup_peer_list_unref)

/* How many seats of the list are at @address. When there is none the next poll comes
 * soon: it may be a seat that we have not heard of. */
unsigned pup_peers_count_at(PupPeers *peers, const char *address);

/* @peer has failed: it may be avoided from now on, and reported with the next poll. */
void pup_peers_blame(PupPeers *peers, const PupPeer *peer, PupFault fault);
/* @peer did well. */
void pup_peers_forgive(PupPeers *peers, const PupPeer *peer);
/* TRUE while @peer is better not asked. */
gboolean pup_peers_avoids(PupPeers *peers, const PupPeer *peer);

/* What we may send to others, KiB a second; 0: no limit. */
unsigned pup_peers_uplink_kib_s(PupPeers *peers);
/* The version that the server wants warmed up; 0: none. */
unsigned pup_peers_warm(PupPeers *peers);

/* The poll's answer @text of @len bytes, for our seat @mac. Keys that are not known are
 * passed over: the server may be newer. Errors: INVALID; then @answer is as it was. */
gboolean pup_peers_answer_parse(const char *mac, const char *text, size_t len,
                                PupPeersAnswer *answer, GError **error);
