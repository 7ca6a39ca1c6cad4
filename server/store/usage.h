/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage - what each version takes in the store, and what its removal would give back
 *
 * Takes no lock and changes nothing: a version that goes meanwhile is left out. Memory:
 * that of a census (census.h) and 64 MiB at most for map pages, however many versions
 * there are.
 */
#pragma once

#include "server/store/gc.h"

typedef struct {
    PupKind kind;
    char *name;
    unsigned version;
    gboolean current; /* its name stands at it */
    char *master;     /* room: what it derives from; master: NULL */
    unsigned master_version;
    guint64 disk_bytes;
    guint64 allocated_bytes; /* of the disk, what is not zeros */
    guint64 own_bytes;       /* of distinct chunks of the disk that only it needs, */
    guint64 shared_bytes;    /* and of those that other versions need too */
    guint64 encoded_bytes;   /* of all chunks it needs, as they are stored */
    guint64 frees_bytes;     /* of those, what only it needs */
} PupVersionUsage;

typedef struct {
    GPtrArray *versions;   /* of PupVersionUsage: masters, then rooms, by name, version */
    guint64 encoded_bytes; /* of all chunks that any version needs */
} PupUsage;

/* Look at every version. Errors: CORRUPT (a manifest or map page cannot be read, or a
 * chunk is nowhere: run fsck), IO, cancelled. */
PupUsage *pup_store_usage(PupStore *store, PupProgress progress, gpointer data,
                          GCancellable *cancellable, GError **error);
void pup_usage_free(PupUsage *usage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupUsage, pup_usage_free)
