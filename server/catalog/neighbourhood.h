/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * neighbourhood - which seats are up, and may ask each other for chunks
 *
 * Seats of one neighbourhood (a room, unless its profile names another) poll; each poll
 * joins, keeps the seat in, and asks for the list. A seat that is silent for three polls
 * leaves. The list has an epoch, which changes with it: who names the one that still
 * holds is told nothing. Two seats that cannot reach a third take it out of the list
 * until it polls again.
 *
 *     hoods = pup_neighbourhoods_new(1000)
 *     pup_neighbourhoods_poll(hoods, &poll, now_ms, &answer, &error)     each request
 *     events = pup_neighbourhoods_take_events(hoods, now_ms)             now and then
 *
 * In memory only: after a restart of the server the next polls fill it again. Times are
 * milliseconds of any clock that does not jump. Nothing here knows sockets or files.
 *
 * Threads: any; one lock, held for microseconds.
 */
#pragma once

#include "server/catalog/seat_stats.h"

typedef struct PupNeighbourhoods PupNeighbourhoods;

/* A seat of the list. */
typedef struct {
    char mac[18];
    char address[46];
    unsigned port;
} PupPeer;

typedef enum { PUP_BAD_CORRUPT, PUP_BAD_SLOW, PUP_BAD_UNREACHABLE } PupBadReason;
/* "corrupt", "slow", "unreachable"; static. */
const char *pup_bad_reason_name(PupBadReason reason);

/* A seat that another one found bad. */
typedef struct {
    char address[46];
    unsigned port; /* 0: any of that address */
    PupBadReason reason;
} PupBadPeer;

/* The most seats of one neighbourhood. */
#define PUP_NEIGHBOURS_MAX 4096u
/* The longest boot id, and the longest epoch. */
#define PUP_POLL_BOOT_MAX 64u
#define PUP_EPOCH_MAX 32u

typedef struct {
    const char *mac; /* normalised */
    const char *boot;
    const char *neighbourhood, *room; /* names that were checked */
    unsigned version;
    const char *address; /* where the server saw it */
    unsigned port;       /* it serves chunks on; 0: it serves nobody */
    gboolean alone;      /* it is to have no peers: it is neither listed nor told any */
    const char *epoch;   /* of the list that it has, "" for none */
    const PupSeatStats *stats; /* NULL: none in this poll */
    const PupBadPeer *bad;
    unsigned n_bad;
} PupPeerPoll;

typedef struct {
    char epoch[PUP_EPOCH_MAX + 1];
    GArray *peers; /* of PupPeer, owned by the caller; NULL: the epoch still holds */
} PupPeerAnswer;

/* What is worth a line in the log. */
typedef enum {
    PUP_PEER_LEFT,      /* silent for three polls, or started anew */
    PUP_PEER_BAD,       /* reported by another seat; told at most every ten seconds */
    PUP_PEER_TAKEN_OUT, /* two seats cannot reach it */
} PupPeerEventKind;

typedef struct {
    PupPeerEventKind kind;
    char mac[18], room[64], address[46];
    unsigned version;
    char by[18];         /* BAD, TAKEN_OUT: the MAC that reported it (last) */
    PupBadReason reason; /* BAD */
    gboolean has_stats;  /* LEFT: its last words */
    PupSeatStats stats;
} PupPeerEvent;

/* A seat that is up, as PUP_PEER_LEFT would show it. */
typedef struct {
    char mac[18], room[64], address[46];
    unsigned version, port;
    gboolean has_stats;
    PupSeatStats stats;
} PupPeerState;

/* Nobody is up; seats are told to poll every @poll_ms. */
PupNeighbourhoods *pup_neighbourhoods_new(unsigned poll_ms);
void pup_neighbourhoods_free(PupNeighbourhoods *hoods);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupNeighbourhoods, pup_neighbourhoods_free)

/* How often a seat shall poll. */
unsigned pup_neighbourhoods_poll_ms(const PupNeighbourhoods *hoods);

/* A seat polls. Errors: BUSY (the neighbourhood is full). */
gboolean pup_neighbourhoods_poll(PupNeighbourhoods *hoods, const PupPeerPoll *poll,
                                 gint64 now_ms, PupPeerAnswer *answer, GError **error);

/* Let silent seats leave; what happened since the last call, oldest first: GArray of
 * PupPeerEvent. */
GArray *pup_neighbourhoods_take_events(PupNeighbourhoods *hoods, gint64 now_ms);

/* The last stats of @mac. FALSE when it is not up or has sent none. */
gboolean pup_neighbourhoods_stats(PupNeighbourhoods *hoods, const char *mac,
                                  PupSeatStats *stats);
/* All seats that are up, in no order: GArray of PupPeerState. */
GArray *pup_neighbourhoods_list(PupNeighbourhoods *hoods);
