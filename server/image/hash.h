/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hash - from a disk's bytes to chunks in the store, on all cores
 */
#pragma once

#include "server/image/disk.h"
#include "server/image/image.h"

/* How many readers, and writers to job->copy, pup_hash_disk() uses: what to give
 * pup_disk_open(). */
unsigned pup_hash_readers(void);

typedef struct {
    const PupWorkshop *shop; /* progress and cancellable */
    const char *what;        /* for the progress */
    PupDisk *disk;
    PupDisk *copy;        /* of pup_disk_create(): takes all that is not zeros, too; NULL:
                             nothing is copied */
    const GArray *runs;   /* of PupRun: which chunks */
    PupStoreWrite *write; /* where new ones go */
    PupChunkMap *map;     /* takes their names; the pages of @runs are loaded */
} PupHashJob;

/* Read, name, compress and store the chunks of job->runs, set their names in job->map,
 * and seal and store its changed pages. Adds to @report: bytes_read, n_chunks_new.
 * Errors: IO, NO_SPACE, cancelled: then the write must not be committed. */
gboolean pup_hash_disk(const PupHashJob *job, PupPublishReport *report, GError **error);
