/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http-fill STATE ROOT COUNT raw|zstd - the same chunks for pupitred and for nginx
 *
 * Makes a store in STATE/store with COUNT chunks and a room `bench`, writes each chunk's
 * encoded bytes as ROOT/v1/chunks/NAME, too, and prints the names. `raw`: random bytes,
 * sent as they are; `zstd`: one byte in sixteen is zero, which saves a fiftieth, so that
 * what is sent is a zstd frame of nearly 128 KiB.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/file.h"
#include "server/store/store.h"

typedef struct {
    const char *root;
    gboolean raw;
    PupStoreWrite *write;
    PupChunkCodec *codec;
    GRand *rand;
    guint8 plain[PUP_CHUNK_BYTES];
    guint8 encoded[PUP_CHUNK_ENCODED_MAX];
} Fill;

static gboolean
add_chunk(Fill *fill, GError **error)
{
    PupName name;
    char hex[PUP_NAME_HEX_LEN + 1];
    for (size_t i = 0; i < PUP_CHUNK_BYTES; i++)
        fill->plain[i] = !fill->raw && i % 16 == 0 ? 0 : (guint8) g_rand_int(fill->rand);
    pup_name_of(fill->plain, PUP_CHUNK_BYTES, &name);
    pup_name_to_hex(&name, hex);
    size_t len = pup_chunk_encode(fill->codec, fill->plain, fill->encoded);
    g_autofree char *path = g_build_filename(fill->root, hex, NULL);
    puts(hex);
    return pup_store_write_put(fill->write, &name, fill->encoded, len, error) &&
           g_file_set_contents(path, (const char *) fill->encoded, len, error);
}

static gboolean
run(const char *state, const char *root, unsigned count, gboolean raw, GError **error)
{
    g_autofree char *uri = g_strdup_printf("dir:%s/store", state);
    g_autofree char *dir = g_build_filename(root, "v1", "chunks", NULL);
    if (!pup_file_make_dir(dir, error) || !pup_file_make_dir(state, error) ||
        !pup_store_create(uri, error))
        return FALSE;
    g_autoptr(PupStore) store = pup_store_open(uri, error);
    if (!store)
        return FALSE;
    g_autoptr(PupStoreWrite) write = pup_store_begin(store, NULL, error);
    g_autoptr(PupChunkCodec) codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    g_autofree Fill *fill = g_new0(Fill, 1);
    *fill = (Fill){dir, raw, write, codec, rand, {0}, {0}};
    if (!write)
        return FALSE;
    for (unsigned i = 0; i < count; i++)
        if (!add_chunk(fill, error))
            return FALSE;
    g_autoptr(GBytes) text = g_bytes_new_static("{}\n", 3);
    return pup_store_write_commit(write, PUP_KIND_ROOM, "bench", 1, text, text, error);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc != 5) {
        fprintf(stderr, "usage: http-fill STATE ROOT COUNT raw|zstd\n");
        return 2;
    }
    if (run(argv[1], argv[2], strtoul(argv[3], NULL, 10), g_str_equal(argv[4], "raw"),
            &error))
        return 0;
    fprintf(stderr, "http-fill: %s\n", error->message);
    return 1;
}
