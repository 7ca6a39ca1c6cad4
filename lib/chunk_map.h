/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * chunk_map - a disk as an array of chunk names, cut into pages
 *
 * A page holds PUP_PAGE_NAMES names (4096 x 32 bytes = 128 KiB): it is itself one chunk,
 * covers 512 MiB of disk, and an unchanged page is shared between versions. The last page
 * is padded with null names; a page of null names only is the null name itself.
 *
 * A PupChunkMap is the list of page names plus the pages that are loaded. It does no
 * input or output of its own: whoever needs position i asks pup_chunk_map_get(); when
 * that answers FALSE the page is not loaded, and the caller fetches the chunk
 * pup_chunk_map_page_name() and hands it to pup_chunk_map_load_page(). Publish sets names
 * and takes the changed pages out as chunks.
 *
 * Threads: not locked; the owner serialises.
 */
#pragma once

#include "lib/chunk.h"

#define PUP_PAGE_NAMES 4096u
/* Bytes of disk that one page covers. */
#define PUP_PAGE_COVERS_BYTES ((guint64) PUP_PAGE_NAMES * PUP_CHUNK_BYTES)
/* The largest disk we handle, 64 TiB: bounds what a manifest may make a reader allocate.
 */
#define PUP_DISK_MAX_BYTES (G_GUINT64_CONSTANT(1) << 46)

typedef struct PupChunkMap PupChunkMap;

static inline guint64
pup_chunk_map_pages_for(guint64 disk_bytes)
{
    return (pup_chunk_count(disk_bytes) + PUP_PAGE_NAMES - 1) / PUP_PAGE_NAMES;
}

/* A map of a disk of @disk_bytes (1 to PUP_DISK_MAX_BYTES) that is all zeros. */
PupChunkMap *pup_chunk_map_new(guint64 disk_bytes);

/* A map whose pages are named @pages (@n_pages of them, copied), none loaded. Errors:
 * INVALID when @n_pages is not pup_chunk_map_pages_for(@disk_bytes), or the size is out
 * of range. */
PupChunkMap *pup_chunk_map_new_from_pages(guint64 disk_bytes, const PupName *pages,
                                          guint64 n_pages, GError **error);
/* An independent copy, loaded pages included. */
PupChunkMap *pup_chunk_map_copy(const PupChunkMap *map);
void pup_chunk_map_free(PupChunkMap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupChunkMap, pup_chunk_map_free)

guint64 pup_chunk_map_disk_bytes(const PupChunkMap *map);
guint64 pup_chunk_map_n_chunks(const PupChunkMap *map);
guint64 pup_chunk_map_n_pages(const PupChunkMap *map);

/* The page that holds chunk @index, and its name as of the last load or seal. */
static inline guint64
pup_chunk_map_page_of(guint64 index)
{
    return index / PUP_PAGE_NAMES;
}
const PupName *pup_chunk_map_page_name(const PupChunkMap *map, guint64 page);

/* TRUE when the names of @page can be read (null pages always can). */
gboolean pup_chunk_map_page_loaded(const PupChunkMap *map, guint64 page);

/* Load @page from PUP_CHUNK_BYTES of plain page bytes, as decoded from the chunk
 * pup_chunk_map_page_name() (whose hash the decoder has checked). Errors: CORRUPT when
 * padding behind the disk's end is not null. */
gboolean pup_chunk_map_load_page(PupChunkMap *map, guint64 page, const guint8 *plain,
                                 GError **error);

/* Copy the name of chunk @index to @name. FALSE when its page is not loaded. */
gboolean pup_chunk_map_get(const PupChunkMap *map, guint64 index, PupName *name);

/* Set the name of chunk @index; its page must be loaded. Marks the page changed, but
 * where zeros are set in a page of zeros alone: it takes no memory then, on a disk of any
 * size. */
void pup_chunk_map_set(PupChunkMap *map, guint64 index, const PupName *name);

/* TRUE when @page was changed since it was loaded, made or sealed. */
gboolean pup_chunk_map_page_changed(const PupChunkMap *map, guint64 page);

/* Write the plain bytes of loaded @page to @plain (PUP_CHUNK_BYTES), compute its name,
 * remember it as the page's name and clear the changed mark. Returns FALSE when the page
 * is all null names (name set to null, nothing to store). */
gboolean pup_chunk_map_seal_page(PupChunkMap *map, guint64 page, guint8 *plain,
                                 PupName *name);
