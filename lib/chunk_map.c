/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A page is in one of three states: null (names == NULL and a null name: every chunk of
 * it is zeros, nothing is allocated), not loaded (names == NULL and a name), loaded. So
 * the map of a large and mostly empty disk costs 48 bytes for each 512 MiB of it.
 */
#include "config.h"
#include "lib/chunk_map.h"

#include "lib/error.h"

typedef struct {
    PupName name;
    PupName *names; /* PUP_PAGE_NAMES of them */
    gboolean changed;
} Page;

struct PupChunkMap {
    guint64 disk_bytes;
    guint64 n_pages;
    Page *pages;
};

G_STATIC_ASSERT(PUP_PAGE_NAMES * sizeof(PupName) == PUP_CHUNK_BYTES);

PupChunkMap *
pup_chunk_map_new(guint64 disk_bytes)
{
    g_return_val_if_fail(disk_bytes > 0 && disk_bytes <= PUP_DISK_MAX_BYTES, NULL);
    PupChunkMap *map = g_new0(PupChunkMap, 1);
    map->disk_bytes = disk_bytes;
    map->n_pages = pup_chunk_map_pages_for(disk_bytes);
    map->pages = g_new0(Page, map->n_pages);
    return map;
}

PupChunkMap *
pup_chunk_map_new_from_pages(guint64 disk_bytes, const PupName *pages, guint64 n_pages,
                             GError **error)
{
    if (disk_bytes == 0 || disk_bytes > PUP_DISK_MAX_BYTES) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "a disk of %" G_GUINT64_FORMAT " bytes is out of range",
                      disk_bytes);
        return NULL;
    }
    if (n_pages != pup_chunk_map_pages_for(disk_bytes)) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "a disk of %" G_GUINT64_FORMAT " bytes has %" G_GUINT64_FORMAT
                      " map pages, not %" G_GUINT64_FORMAT,
                      disk_bytes, pup_chunk_map_pages_for(disk_bytes), n_pages);
        return NULL;
    }
    PupChunkMap *map = pup_chunk_map_new(disk_bytes);
    for (guint64 i = 0; i < n_pages; i++)
        map->pages[i].name = pages[i];
    return map;
}

PupChunkMap *
pup_chunk_map_copy(const PupChunkMap *map)
{
    PupChunkMap *copy = pup_chunk_map_new(map->disk_bytes);
    for (guint64 i = 0; i < map->n_pages; i++) {
        copy->pages[i] = map->pages[i];
        copy->pages[i].names = g_memdup2(map->pages[i].names, PUP_CHUNK_BYTES);
    }
    return copy;
}

void
pup_chunk_map_free(PupChunkMap *map)
{
    if (!map)
        return;
    for (guint64 i = 0; i < map->n_pages; i++)
        g_free(map->pages[i].names);
    g_free(map->pages);
    g_free(map);
}

guint64
pup_chunk_map_disk_bytes(const PupChunkMap *map)
{
    return map->disk_bytes;
}

guint64
pup_chunk_map_n_chunks(const PupChunkMap *map)
{
    return pup_chunk_count(map->disk_bytes);
}

guint64
pup_chunk_map_n_pages(const PupChunkMap *map)
{
    return map->n_pages;
}

const PupName *
pup_chunk_map_page_name(const PupChunkMap *map, guint64 page)
{
    g_return_val_if_fail(page < map->n_pages, NULL);
    return &map->pages[page].name;
}

static gboolean
is_loaded(const Page *page)
{
    return page->names || pup_name_is_null(&page->name);
}

gboolean
pup_chunk_map_page_loaded(const PupChunkMap *map, guint64 page)
{
    g_return_val_if_fail(page < map->n_pages, FALSE);
    return is_loaded(&map->pages[page]);
}

gboolean
pup_chunk_map_load_page(PupChunkMap *map, guint64 page, const guint8 *plain,
                        GError **error)
{
    g_return_val_if_fail(page < map->n_pages, FALSE);
    g_return_val_if_fail(!map->pages[page].changed, FALSE);
    guint64 n_used = MIN(pup_chunk_map_n_chunks(map) - page * PUP_PAGE_NAMES,
                         (guint64) PUP_PAGE_NAMES);
    size_t used_bytes = n_used * sizeof(PupName);
    if (!pup_chunk_is_zero(plain + used_bytes, PUP_CHUNK_BYTES - used_bytes)) {
        pup_error_set(error, PUP_ERROR_CORRUPT,
                      "map page %" G_GUINT64_FORMAT " names chunks behind the disk's end",
                      page);
        return FALSE;
    }
    if (!map->pages[page].names)
        map->pages[page].names = g_new(PupName, PUP_PAGE_NAMES);
    memcpy(map->pages[page].names, plain, PUP_CHUNK_BYTES);
    return TRUE;
}

gboolean
pup_chunk_map_get(const PupChunkMap *map, guint64 index, PupName *name)
{
    g_return_val_if_fail(index < pup_chunk_map_n_chunks(map), FALSE);
    const Page *page = &map->pages[pup_chunk_map_page_of(index)];
    if (!is_loaded(page))
        return FALSE;
    if (page->names)
        *name = page->names[index % PUP_PAGE_NAMES];
    else
        memset(name, 0, sizeof *name);
    return TRUE;
}

void
pup_chunk_map_set(PupChunkMap *map, guint64 index, const PupName *name)
{
    g_return_if_fail(index < pup_chunk_map_n_chunks(map));
    Page *page = &map->pages[pup_chunk_map_page_of(index)];
    g_return_if_fail(is_loaded(page));
    if (!page->names && pup_name_is_null(name))
        return; /* the page is all zeros, and stays so without taking memory */
    if (!page->names)
        page->names = g_new0(PupName, PUP_PAGE_NAMES);
    page->names[index % PUP_PAGE_NAMES] = *name;
    page->changed = TRUE;
}

gboolean
pup_chunk_map_page_changed(const PupChunkMap *map, guint64 page)
{
    g_return_val_if_fail(page < map->n_pages, FALSE);
    return map->pages[page].changed;
}

gboolean
pup_chunk_map_seal_page(PupChunkMap *map, guint64 page, guint8 *plain, PupName *name)
{
    g_return_val_if_fail(page < map->n_pages, FALSE);
    Page *sealed = &map->pages[page];
    g_return_val_if_fail(is_loaded(sealed), FALSE);
    if (sealed->names)
        memcpy(plain, sealed->names, PUP_CHUNK_BYTES);
    else
        memset(plain, 0, PUP_CHUNK_BYTES);
    gboolean used = !pup_chunk_is_zero(plain, PUP_CHUNK_BYTES);
    if (used)
        pup_name_of(plain, PUP_CHUNK_BYTES, &sealed->name);
    else
        memset(&sealed->name, 0, sizeof sealed->name);
    sealed->changed = FALSE;
    *name = sealed->name;
    return used;
}
