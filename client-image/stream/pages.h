/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pages - the chunk map of a version, its pages loaded when they are first needed
 *
 * A loaded page stays: 128 KiB of memory for each 512 MiB of disk that was touched.
 *
 * Threads: any.
 */
#pragma once

#include "client-image/stream/supply.h"
#include "lib/chunk_map.h"

typedef struct PupPages PupPages;

/* @map is taken over, @supply borrowed. */
PupPages *pup_pages_new(PupChunkMap *map, PupSupply *supply);
void pup_pages_free(PupPages *pages);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupPages, pup_pages_free)

guint64 pup_pages_disk_bytes(const PupPages *pages);
guint64 pup_pages_n_chunks(const PupPages *pages);

/* The name of chunk @index, if its page is loaded. */
gboolean pup_pages_peek(PupPages *pages, guint64 index, PupName *name);

/* Have the page of chunk @index fetched some time, if it is not loaded. */
void pup_pages_ask(PupPages *pages, guint64 index);

/* As peek, but takes the page in if its bytes are in memory by now, and has them fetched
 * some time (LATER) if they are not. */
gboolean pup_pages_try(PupPages *pages, guint64 index, PupName *name);

/* The name of chunk @index; waits for its page. Errors: BUSY (@still_wanted() said
 * FALSE), CORRUPT (the page that was signed makes no sense). */
gboolean pup_pages_name(PupPages *pages, guint64 index, PupStillWanted still_wanted,
                        PupName *name, GError **error);
