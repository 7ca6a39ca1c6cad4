/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * disk - one version's disk, to be read
 *
 * A read is: map position to name, get the chunk, copy. Waits for the network as long as
 * it takes; every byte was checked on its way from the signed manifest to here.
 *
 * Threads: any.
 */
#pragma once

#include "client-image/stream/pages.h"

typedef struct PupDisk PupDisk;

/* The guest reads chunks @first to @last: a read begins, or is over. */
typedef void (*PupReads)(gpointer user, guint64 first, guint64 last, gboolean begins);

typedef struct {
    PupPages *pages;   /* taken over */
    PupSupply *supply; /* borrowed */
    PupReads reads;    /* NULL: nobody wants to know */
    gpointer user;
    unsigned max_ahead;  /* see client-image/stream/readahead.h */
    guint64 keep_chunks; /* likewise */
} PupDiskConfig;

PupDisk *pup_disk_new(const PupDiskConfig *config);
void pup_disk_free(PupDisk *disk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupDisk, pup_disk_free)

/* The boot profile's @positions (of guint32, below the disk's chunk count) are fetched
 * by somebody else. */
void pup_disk_list(PupDisk *disk, const GArray *positions);

guint64 pup_disk_bytes(const PupDisk *disk);

/* Read @count bytes at @offset, which lie on the disk, into @buf. Errors: BUSY
 * (@still_wanted() said FALSE), CORRUPT (the signed map makes no sense). */
gboolean pup_disk_read(PupDisk *disk, guint8 *buf, guint32 count, guint64 offset,
                       PupStillWanted still_wanted, GError **error);

/* Get these @count bytes at @offset into memory some time; does not wait. */
void pup_disk_ask(PupDisk *disk, guint32 count, guint64 offset);

/* How many of the @count bytes at @offset (1 at least) are alike, in *@is_hole: zeros
 * that are stored nowhere, or something else. What is not known yet counts as something
 * else, so that nothing is fetched to answer. */
guint64 pup_disk_extent(PupDisk *disk, guint64 count, guint64 offset, gboolean *is_hole);
