/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * versions - the room's versions that this seat reads, and the one it warms up
 *
 * The first is there from the start, another when a guest opens it or the server wants it
 * warm; all share one memory, so that a guest which starts anew on the next version finds
 * most of it. A thread looks once a second after what is slow to change: whether the
 * guest is ready, what to warm up, and the numbers of boot profile and warm-up.
 *
 * Threads: new and free in one; the rest in any.
 */
#pragma once

#include "client-image/stream/neighbours.h"
#include "client-image/stream/version.h"
#include "lib/signature.h"

typedef struct PupVersions PupVersions;

typedef struct {
    const char *const *servers; /* NULL-terminated, borrowed; and so is all of this: */
    const char *room;
    const char *mac; /* this seat; NULL: none */
    gboolean runs;   /* a guest reads the first version already: its start was not seen */
    const PupPublicKey *key;
    const char *control; /* socket to listen on: "guest-ready"; NULL: none */
    PupReport *report;
    PupStats *stats;
    PupNeighbours *neighbours;
    PupSupply *supply;
    unsigned max_own;  /* see prefetch.h */
    unsigned max_lead; /* see prefetch.h */
    unsigned max_ahead;
    guint64 keep_chunks;
} PupVersionsConfig;

/* With the version @first, its manifest taken over. Errors: CORRUPT (its map makes no
 * sense), IO (the control socket). */
PupVersions *pup_versions_new(const PupVersionsConfig *config, PupManifest *first,
                              GError **error);
void pup_versions_free(PupVersions *versions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupVersions, pup_versions_free)

/* Version @number, which a guest is going to read (0: the first one). Waits for a server
 * if it is not here yet. Borrowed, stays until free. Errors: those of
 * pup_manifest_wait(). */
PupVersion *pup_versions_open(PupVersions *versions, unsigned number, GError **error);
