/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/pages.h"

#include <pthread.h>

#include "lib/error.h"

struct PupPages {
    pthread_mutex_t lock; /* of map */
    PupChunkMap *map;
    PupSupply *supply;
};

PupPages *
pup_pages_new(PupChunkMap *map, PupSupply *supply)
{
    PupPages *pages = g_new0(PupPages, 1);

    pthread_mutex_init(&pages->lock, NULL);
    pages->map = map;
    pages->supply = supply;
    return pages;
}

void
pup_pages_free(PupPages *pages)
{
    if (!pages)
        return;
    pup_chunk_map_free(pages->map);
    pthread_mutex_destroy(&pages->lock);
    g_free(pages);
}

guint64
pup_pages_disk_bytes(const PupPages *pages)
{
    return pup_chunk_map_disk_bytes(pages->map);
}

guint64
pup_pages_n_chunks(const PupPages *pages)
{
    return pup_chunk_map_n_chunks(pages->map);
}

gboolean
pup_pages_peek(PupPages *pages, guint64 index, PupName *name)
{
    gboolean known;

    pthread_mutex_lock(&pages->lock);
    known = pup_chunk_map_get(pages->map, index, name);
    pthread_mutex_unlock(&pages->lock);
    return known;
}

/* The name of the page that has to be loaded before chunk @index is known. Page names do
 * not change while a map is only read, but loaded ones are looked up under the lock. */
static void
page_name_of(PupPages *pages, guint64 index, PupName *page_name)
{
    pthread_mutex_lock(&pages->lock);
    *page_name = *pup_chunk_map_page_name(pages->map, pup_chunk_map_page_of(index));
    pthread_mutex_unlock(&pages->lock);
}

void
pup_pages_ask(PupPages *pages, guint64 index)
{
    PupName name, page_name;

    if (pup_pages_peek(pages, index, &name))
        return;
    page_name_of(pages, index, &page_name);
    pup_supply_ask(pages->supply, &page_name, PUP_FETCH_AHEAD);
}

static gboolean
load(PupPages *pages, guint64 page, const PupBuffer *plain, GError **error)
{
    gboolean loaded;

    pthread_mutex_lock(&pages->lock);
    loaded = pup_chunk_map_page_loaded(pages->map, page) ||
             pup_chunk_map_load_page(pages->map, page, plain->data, error);
    pthread_mutex_unlock(&pages->lock);
    return loaded;
}

gboolean
pup_pages_try(PupPages *pages, guint64 index, PupName *name)
{
    g_autoptr(PupBuffer) plain = NULL;
    PupName page_name;

    if (pup_pages_peek(pages, index, name))
        return TRUE;
    page_name_of(pages, index, &page_name);
    plain = pup_supply_peek(pages->supply, &page_name);
    if (plain)
        return load(pages, pup_chunk_map_page_of(index), plain, NULL) &&
               pup_pages_peek(pages, index, name);
    pup_supply_ask(pages->supply, &page_name, PUP_FETCH_LATER);
    return FALSE;
}

gboolean
pup_pages_name(PupPages *pages, guint64 index, PupStillWanted still_wanted, PupName *name,
               GError **error)
{
    g_autoptr(PupBuffer) plain = NULL;
    PupName page_name;

    if (pup_pages_peek(pages, index, name))
        return TRUE;
    page_name_of(pages, index, &page_name);
    plain = pup_supply_get(pages->supply, &page_name, still_wanted);
    if (!plain) {
        pup_error_set(error, PUP_ERROR_BUSY, "the read is no longer wanted");
        return FALSE;
    }
    if (!load(pages, pup_chunk_map_page_of(index), plain, error))
        return FALSE;
    return pup_pages_peek(pages, index, name);
}
