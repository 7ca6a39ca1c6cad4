/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * version - one published version of the room, as this seat reads it
 *
 * Its disk, and what makes its start fast: the version's boot profile, walked ahead of
 * the guest, and the recording of what this guest does. Several versions share one
 * supply, and so one memory: what two versions have in common is fetched once.
 *
 * Threads: new and free in one; the rest in any.
 */
#pragma once

#include "client-image/stream/disk.h"
#include "client-image/stream/learn.h"
#include "client-image/stream/prefetch.h"
#include "lib/manifest.h"

typedef struct PupVersion PupVersion;

typedef struct {
    const char *const *servers; /* NULL-terminated, borrowed */
    const char *mac;            /* this seat, borrowed; NULL: sends no profile */
    PupSupply *supply;          /* borrowed */
    PupOwns owns;               /* see prefetch.h */
    gpointer user;
    unsigned max_own;   /* see prefetch.h */
    unsigned max_lead;  /* likewise */
    unsigned max_ahead; /* see readahead.h */
    guint64 keep_chunks;
} PupVersionConfig;

/* @manifest is taken over; it was verified. Begins to get the boot profile, and walks it
 * when it is there and pup_version_step() is called; what is read first is recorded, and
 * sent to the server. Errors: CORRUPT (its map makes no sense). */
PupVersion *pup_version_new(const PupVersionConfig *config, PupManifest *manifest,
                            GError **error);
void pup_version_free(PupVersion *version);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupVersion, pup_version_free)

unsigned pup_version_number(const PupVersion *version);

/* Borrowed. */
PupDisk *pup_version_disk(PupVersion *version);

/* Ask for one more chunk of the boot profile. FALSE when there is none to ask for now. */
gboolean pup_version_step(PupVersion *version);

/* FALSE when all of the boot profile is in memory, or there is none: what step says then
 * does not change by itself. */
gboolean pup_version_walks(PupVersion *version);

/* The guest is ready: the boot profile ends here. */
void pup_version_guest_ready(PupVersion *version);

/* See prefetch.h; 0 and 0 while there is no boot profile. */
void pup_version_coverage(PupVersion *version, guint *n_chunks, guint *n_present);
/* FALSE while there is no boot profile. */
gboolean pup_version_is_fetched(PupVersion *version);
