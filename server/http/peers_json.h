/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * peers_json - a seat's poll of its neighbourhood (doc/http-api.md), parsed and bounded
 *
 * Keys and reasons that are not known are passed over, as in seat_json.h. Pure.
 */
#pragma once

#include "server/catalog/neighbourhood.h"

/* The most reports in one poll. */
#define PUP_BAD_MAX 64u

typedef struct {
    char *boot, *room, *epoch;
    unsigned version, port;
    gboolean has_stats;
    PupSeatStats stats;
    unsigned n_bad;
    PupBadPeer bad[PUP_BAD_MAX];
} PupPeersAsk;

/* Errors: INVALID, with the key. */
PupPeersAsk *pup_peers_ask_parse(const char *text, size_t len, GError **error);
void pup_peers_ask_free(PupPeersAsk *ask);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupPeersAsk, pup_peers_ask_free)

/* The array "seats" of @peers (of PupPeer). New reference. */
json_t *pup_peers_json(const GArray *peers);
