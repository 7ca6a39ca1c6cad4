/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage FOLDER VERSIONS PAGES - how long `pupitre image usage` looks at the store
 *
 * Makes a store in FOLDER with VERSIONS versions of a full disk of 40 GiB, each with 1000
 * new chunks on PAGES pages of its map, and prints the time and memory that one survey
 * takes. Chunks are but names with two bytes each: a survey reads none of them.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "server/store/usage.h"

#define DISK_BYTES (G_GUINT64_CONSTANT(40) << 30)
#define N_CHANGED 1000u

typedef struct {
    PupStoreWrite *write;
    PupChunkCodec *codec;
    PupChunkMap *map;
    guint64 counter;
    guint8 plain[PUP_CHUNK_BYTES];
    guint8 encoded[PUP_CHUNK_ENCODED_MAX];
} Fill;

static gboolean
change(Fill *fill, guint64 at, GError **error)
{
    PupName name;
    fill->counter++;
    pup_name_of(&fill->counter, sizeof fill->counter, &name);
    pup_chunk_map_set(fill->map, at, &name);
    return pup_store_write_put(fill->write, &name, (const guint8 *) "Z", 2, error);
}

static gboolean
put_pages(Fill *fill, GError **error)
{
    for (guint64 page = 0; page < pup_chunk_map_n_pages(fill->map); page++) {
        PupName name;
        if (!pup_chunk_map_page_changed(fill->map, page) ||
            !pup_chunk_map_seal_page(fill->map, page, fill->plain, &name))
            continue;
        size_t len = pup_chunk_encode(fill->codec, fill->plain, fill->encoded);
        if (!pup_store_write_put(fill->write, &name, fill->encoded, len, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
change_disk(Fill *fill, unsigned version, unsigned n_pages, GError **error)
{
    guint64 n_chunks = pup_chunk_map_n_chunks(fill->map);
    guint64 all_pages = pup_chunk_map_n_pages(fill->map);
    for (guint64 i = 0; version == 1 && i < n_chunks; i++)
        if (!change(fill, i, error))
            return FALSE;
    for (guint64 i = 0; version > 1 && i < N_CHANGED; i++) {
        guint64 page = (version * 7 + i % n_pages) % all_pages;
        if (!change(fill, page * PUP_PAGE_NAMES + (i * 31 + version) % PUP_PAGE_NAMES,
                    error))
            return FALSE;
    }
    return put_pages(fill, error);
}

static gboolean
publish(PupStore *store, Fill *fill, unsigned version, unsigned n_pages, GError **error)
{
    g_autoptr(PupStoreWrite) write = pup_store_begin(store, NULL, error);
    g_autoptr(PupManifest) manifest = pup_manifest_new(PUP_KIND_MASTER, "bench", version);
    fill->write = write;
    if (!write || !change_disk(fill, version, n_pages, error))
        return FALSE;
    manifest->disk_bytes = DISK_BYTES;
    pup_manifest_set_map(manifest, fill->map);
    g_autoptr(GBytes) text = pup_manifest_format(manifest);
    g_autoptr(GBytes) sig = g_bytes_new_static("-", 1);
    return pup_store_write_commit(write, PUP_KIND_MASTER, "bench", version, text, sig,
                                  error);
}

static gboolean
fill_store(PupStore *store, unsigned n_versions, unsigned n_pages, GError **error)
{
    g_autofree Fill *fill = g_new0(Fill, 1);
    g_autoptr(PupChunkCodec) codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    g_autoptr(PupChunkMap) map = pup_chunk_map_new(DISK_BYTES);
    fill->codec = codec;
    fill->map = map;
    for (unsigned version = 1; version <= n_versions; version++)
        if (!publish(store, fill, version, n_pages, error))
            return FALSE;
    return TRUE;
}

static long
peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static gboolean
run(const char *folder, unsigned n_versions, unsigned n_pages, GError **error)
{
    g_autofree char *uri = g_strdup_printf("dir:%s", folder);
    if (!pup_store_create(uri, error))
        return FALSE;
    g_autoptr(PupStore) store = pup_store_open(uri, error);
    if (!store || !fill_store(store, n_versions, n_pages, error))
        return FALSE;
    long before_kib = peak_kib();
    gint64 start_us = g_get_monotonic_time();
    g_autoptr(PupUsage) usage = pup_store_usage(store, NULL, NULL, NULL, error);
    if (!usage)
        return FALSE;
    printf("%u versions of 40 GiB, %u pages changed in each: %.2f s, peak memory %ld MiB "
           "(%ld MiB before)\n",
           usage->versions->len, n_pages,
           (double) (g_get_monotonic_time() - start_us) / G_USEC_PER_SEC,
           peak_kib() / 1024, before_kib / 1024);
    return TRUE;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc != 4) {
        fprintf(stderr, "usage: usage FOLDER VERSIONS PAGES\n");
        return 2;
    }
    if (run(argv[1], (unsigned) strtoul(argv[2], NULL, 10),
            (unsigned) strtoul(argv[3], NULL, 10), &error))
        return 0;
    fprintf(stderr, "usage: %s\n", error->message);
    return 1;
}
