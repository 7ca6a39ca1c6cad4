/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <string.h>

#include "lib/chunk_map.h"
#include "tests/fuzz/fuzz.h"

/* A page of a disk of 1000 chunks: the names behind them must be null. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const PupName page_name = {{1}};
    g_autofree guint8 *page = g_malloc0(PUP_CHUNK_BYTES);
    g_autoptr(GError) error = NULL;
    g_autoptr(PupChunkMap) map = pup_chunk_map_new_from_pages(
        (guint64) 1000 * PUP_CHUNK_BYTES, &page_name, 1, &error);

    g_assert(map != NULL);
    memcpy(page, data, MIN(size, PUP_CHUNK_BYTES));
    gboolean ok = pup_chunk_map_load_page(map, 0, page, &error);
    fuzz_check(ok, &error);
    g_assert(ok == pup_chunk_map_page_loaded(map, 0));
    PupName name;
    g_assert(pup_chunk_map_get(map, 999, &name) == ok);
    return 0;
}
