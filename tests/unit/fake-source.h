/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fake-source - a disk in memory and a source of its chunks, for tests
 *
 * Threads: any, except for make and free.
 */
#pragma once

#include "client-image/stream/source.h"
#include "lib/chunk_map.h"

typedef struct {
    PupSource source; /* its free is that of the whole */
    guint8 *disk;
    guint64 disk_bytes;
    PupChunkMap *map;     /* whole; not given away */
    GHashTable *encodeds; /* PupName -> GBytes */
    /* What goes wrong, set before reading or with atomics. */
    gint n_fail;    /* so many gets fail with NET */
    gint n_spoil;   /* so many gets give wrong bytes */
    gint n_swap;    /* so many gets give chunk 1, which must be data, for theirs */
    gint hold;      /* gets are held while it is set */
    PupName cursed; /* this one is always spoilt */
    PupName freed;  /* this one is not held */
    gint frees;     /* when this is set */
    /* What happened. */
    gint n_gets;
    gint n_corrupt;
    gint n_holding; /* gets that are held now */
} FakeSource;

/* A disk of @disk_bytes. Chunks of which @is_data says TRUE differ from each other, the
 * rest are zeros. */
FakeSource *fake_source_new(guint64 disk_bytes, gboolean (*is_data)(guint64 index));

/* A map of it without loaded pages, as a seat has at first. New object. */
PupChunkMap *fake_source_bare_map(const FakeSource *fake);

/* The name of chunk @index. */
PupName fake_source_name(const FakeSource *fake, guint64 index);
