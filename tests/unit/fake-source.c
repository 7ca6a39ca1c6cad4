/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/fake-source.h"

#include "lib/error.h"

static void
come_in_halves(PupHttpBuffer *encoded, size_t len)
{
    const size_t lens[] = {0, len / 2, len};

    for (unsigned i = 0; i < G_N_ELEMENTS(lens); i++) {
        encoded->len = lens[i];
        encoded->came(encoded);
    }
}

static gboolean
is_freed(FakeSource *fake, const PupName *name)
{
    return g_atomic_int_get(&fake->frees) && pup_name_equal(name, &fake->freed);
}

static gboolean
fake_get(PupSource *source, PupHttp *http, const PupName *name, const PupUrgency *urgency,
         PupHttpBuffer *encoded, GError **error)
{
    FakeSource *fake = (FakeSource *) source;
    GBytes *bytes = g_hash_table_lookup(fake->encodeds, name);
    const void *data;
    size_t len;

    g_atomic_int_inc(&fake->n_gets);
    if (g_atomic_int_get(&fake->hold)) {
        g_atomic_int_inc(&fake->n_holding);
        while (g_atomic_int_get(&fake->hold) && !is_freed(fake, name))
            g_usleep(100);
        g_atomic_int_add(&fake->n_holding, -1);
    }
    if (!bytes || g_atomic_int_add(&fake->n_fail, -1) > 0) {
        pup_error_set(error, PUP_ERROR_NET, "told to fail");
        return FALSE;
    }
    if (g_atomic_int_add(&fake->n_swap, -1) > 0) {
        PupName other = fake_source_name(fake, 1);
        bytes = g_hash_table_lookup(fake->encodeds, &other);
    }
    data = g_bytes_get_data(bytes, &len);
    memcpy(encoded->data, data, len);
    if (pup_name_equal(name, &fake->cursed) || g_atomic_int_add(&fake->n_spoil, -1) > 0)
        encoded->data[len / 2] ^= 1;
    come_in_halves(encoded, len);
    return TRUE;
}

static void
fake_corrupt(PupSource *source, PupHttp *http, const PupName *name)
{
    FakeSource *fake = (FakeSource *) source;

    g_atomic_int_inc(&fake->n_corrupt);
}

static void
fake_free(PupSource *source)
{
    FakeSource *fake = (FakeSource *) source;

    g_hash_table_destroy(fake->encodeds);
    pup_chunk_map_free(fake->map);
    g_free(fake->disk);
    g_free(fake);
}

static const PupSourceOps fake_ops = {
    .get = fake_get,
    .corrupt = fake_corrupt,
    .free = fake_free,
};

static void
add(FakeSource *fake, PupChunkCodec *codec, const guint8 *plain, const PupName *name)
{
    g_autofree guint8 *encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);
    size_t len = pup_chunk_encode(codec, plain, encoded);

    g_hash_table_insert(fake->encodeds, g_memdup2(name, sizeof *name),
                        g_bytes_new(encoded, len));
}

static void
fill_chunk(guint8 *chunk, guint64 index)
{
    for (size_t i = 0; i < PUP_CHUNK_BYTES; i += 64) {
        memcpy(chunk + i, &index, sizeof index);
        memcpy(chunk + i + 8, &i, sizeof i);
    }
}

static void
add_chunks(FakeSource *fake, PupChunkCodec *codec, gboolean (*is_data)(guint64 index))
{
    g_autofree guint8 *chunk = g_malloc0(PUP_CHUNK_BYTES);

    for (guint64 i = 0; i < pup_chunk_map_n_chunks(fake->map); i++) {
        guint64 offset = i * PUP_CHUNK_BYTES;
        size_t len = MIN(PUP_CHUNK_BYTES, fake->disk_bytes - offset);
        PupName name;
        if (!is_data(i))
            continue;
        fill_chunk(chunk, i);
        memset(chunk + len, 0, PUP_CHUNK_BYTES - len);
        memcpy(fake->disk + offset, chunk, len);
        pup_name_of(chunk, PUP_CHUNK_BYTES, &name);
        pup_chunk_map_set(fake->map, i, &name);
        add(fake, codec, chunk, &name);
    }
    for (guint64 page = 0; page < pup_chunk_map_n_pages(fake->map); page++) {
        PupName name;
        if (pup_chunk_map_seal_page(fake->map, page, chunk, &name))
            add(fake, codec, chunk, &name);
    }
}

FakeSource *
fake_source_new(guint64 disk_bytes, gboolean (*is_data)(guint64 index))
{
    FakeSource *fake = g_new0(FakeSource, 1);
    g_autoptr(PupChunkCodec) codec = pup_chunk_codec_new(1);

    fake->source.ops = &fake_ops;
    fake->disk_bytes = disk_bytes;
    fake->disk = g_malloc0(disk_bytes);
    fake->map = pup_chunk_map_new(disk_bytes);
    fake->encodeds = g_hash_table_new_full(pup_name_hash, pup_name_hash_equal, g_free,
                                           (GDestroyNotify) g_bytes_unref);
    add_chunks(fake, codec, is_data);
    return fake;
}

PupChunkMap *
fake_source_bare_map(const FakeSource *fake)
{
    guint64 n_pages = pup_chunk_map_n_pages(fake->map);
    g_autofree PupName *names = g_new(PupName, n_pages);

    for (guint64 i = 0; i < n_pages; i++)
        names[i] = *pup_chunk_map_page_name(fake->map, i);
    return pup_chunk_map_new_from_pages(fake->disk_bytes, names, n_pages, NULL);
}

PupName
fake_source_name(const FakeSource *fake, guint64 index)
{
    PupName name = {{0}};

    pup_chunk_map_get(fake->map, index, &name);
    return name;
}
