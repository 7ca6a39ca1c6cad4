/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "tests/unit/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "lib/error.h"
#include "lib/file.h"
#include "server/store/dir.h"

Fixture *
fixture_new(void)
{
    Fixture *f = g_new0(Fixture, 1);
    f->dir = g_dir_make_tmp("pup-store-XXXXXX", NULL);
    f->uri = g_strdup_printf("dir:%s", f->dir);
    f->key = pup_secret_key_generate(NULL);
    f->public = pup_secret_key_public(f->key);
    assert_true(pup_store_create(f->uri, NULL));
    f->store = pup_store_open(f->uri, NULL);
    assert_non_null(f->store);
    return f;
}

void
fixture_free(Fixture *f)
{
    pup_store_free(f->store);
    assert_true(pup_dir_remove_tree(f->dir, NULL));
    pup_secret_key_free(f->key);
    pup_public_key_free(f->public);
    g_free(f->uri);
    g_free(f->dir);
    g_free(f);
}

int
fixture_setup(void **state)
{
    *state = fixture_new();
    return 0;
}

int
fixture_teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

char *
fixture_path(const Fixture *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *inner = g_strdup_vprintf(format, args);
    va_end(args);
    return g_build_filename(f->dir, inner, NULL);
}

char **
fixture_list(const Fixture *f, const char *sub, const char *suffix)
{
    g_autofree char *path = fixture_path(f, "%s", sub);
    g_auto(GStrv) files = pup_file_list(path, NULL);
    g_autoptr(GStrvBuilder) found = g_strv_builder_new();
    for (char **file = files; *file; file++)
        if (g_str_has_suffix(*file, suffix))
            g_strv_builder_add(found, *file);
    return g_strv_builder_end(found);
}

void
fixture_chunk(unsigned seed, guint8 *plain, PupName *name)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    memset(plain, seed == FIXTURE_PLAIN ? 0x11 : 0, PUP_CHUNK_BYTES);
    size_t n_random = seed == 0 || seed == FIXTURE_PLAIN ? 0
                      : seed < FIXTURE_NOISE             ? 64
                                                         : PUP_CHUNK_BYTES;
    for (size_t i = 0; i < n_random; i++)
        plain[i] = (guint8) g_rand_int(rand);
    memset(name, 0, sizeof *name);
    if (seed != 0)
        pup_name_of(plain, PUP_CHUNK_BYTES, name);
}

static gboolean
put(PupStoreWrite *write, PupChunkCodec *codec, const guint8 *plain, const PupName *name,
    GError **error)
{
    g_autofree guint8 *encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);
    if (pup_store_write_has(write, name))
        return TRUE;
    size_t len = pup_chunk_encode(codec, plain, encoded);
    return pup_store_write_put(write, name, encoded, len, error);
}

static gboolean
put_pages(PupStoreWrite *write, PupChunkCodec *codec, PupChunkMap *map, GError **error)
{
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    for (guint64 page = 0; page < pup_chunk_map_n_pages(map); page++) {
        PupName name;
        if (pup_chunk_map_seal_page(map, page, plain, &name) &&
            !put(write, codec, plain, &name, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
put_boot_profile(Fixture *f, PupStoreWrite *write, PupChunkCodec *codec,
                 PupManifest *manifest, GError **error)
{
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    if (f->boot_profile == 0)
        return TRUE;
    fixture_chunk(f->boot_profile, plain, &manifest->boot_profile);
    manifest->has_boot_profile = TRUE;
    return put(write, codec, plain, &manifest->boot_profile, error);
}

static void
sign(Fixture *f, PupManifest *manifest, GBytes **text, GBytes **sig)
{
    g_free(manifest->created);
    manifest->created = g_strdup("2026-11-21T08:00:00Z");
    if (manifest->kind == PUP_KIND_ROOM) {
        manifest->master = g_strdup("win11");
        manifest->master_version = 1;
        manifest->domain_template = g_strdup("<domain/>");
    }
    *text = pup_manifest_format(manifest);
    char *signature =
        pup_sign(f->key, g_bytes_get_data(*text, NULL), g_bytes_get_size(*text));
    *sig = g_bytes_new_take(signature, strlen(signature));
}

gboolean
fixture_put_disk(Fixture *f, PupStoreWrite *write, PupKind kind, const char *name,
                 unsigned version, const unsigned *seeds, size_t n, GBytes **manifest,
                 GBytes **sig, GError **error)
{
    guint64 disk_bytes = n * (guint64) PUP_CHUNK_BYTES;
    g_autoptr(PupChunkCodec) codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    g_autoptr(PupChunkMap) map = pup_chunk_map_new(disk_bytes);
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    for (size_t i = 0; i < n; i++) {
        PupName chunk;
        fixture_chunk(seeds[i], plain, &chunk);
        pup_chunk_map_set(map, i, &chunk);
        if (!put(write, codec, plain, &chunk, error))
            return FALSE;
    }
    if (!put_pages(write, codec, map, error))
        return FALSE;
    g_autoptr(PupManifest) made = pup_manifest_new(kind, name, version);
    made->disk_bytes = disk_bytes;
    pup_manifest_set_map(made, map);
    if (!put_boot_profile(f, write, codec, made, error))
        return FALSE;
    sign(f, made, manifest, sig);
    return TRUE;
}

gboolean
fixture_publish_to(Fixture *f, PupStore *store, PupKind kind, const char *name,
                   unsigned version, const unsigned *seeds, size_t n, GError **error)
{
    g_autoptr(PupStoreWrite) write = pup_store_begin(store, NULL, error);
    g_autoptr(GBytes) manifest = NULL;
    g_autoptr(GBytes) sig = NULL;
    if (write && f->seat)
        pup_store_write_try_out(write, f->seat);
    return write &&
           fixture_put_disk(f, write, kind, name, version, seeds, n, &manifest, &sig,
                            error) &&
           pup_store_write_commit(write, kind, name, version, manifest, sig, error);
}

void
fixture_publish(Fixture *f, const char *room, unsigned version, const unsigned *seeds,
                size_t n)
{
    g_autoptr(GError) error = NULL;
    if (!fixture_publish_to(f, f->store, PUP_KIND_ROOM, room, version, seeds, n, &error))
        fail_msg("publish %s@%u: %s", room, version, error->message);
}

static gboolean
load_page(PupStore *store, PupChunkMap *map, guint64 page, GError **error)
{
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    return pup_store_get(store, pup_chunk_map_page_name(map, page), plain, error) &&
           pup_chunk_map_load_page(map, page, plain, error);
}

static gboolean
chunks_match(PupStore *store, PupChunkMap *map, const unsigned *seeds, size_t n,
             GError **error)
{
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autofree guint8 *wanted = g_malloc(PUP_CHUNK_BYTES);
    for (size_t i = 0; i < n; i++) {
        PupName name, unused;
        guint64 page = pup_chunk_map_page_of(i);
        if (!pup_chunk_map_page_loaded(map, page) && !load_page(store, map, page, error))
            return FALSE;
        assert_true(pup_chunk_map_get(map, i, &name));
        if (!pup_store_get(store, &name, plain, error))
            return FALSE;
        fixture_chunk(seeds[i], wanted, &unused);
        if (memcmp(plain, wanted, PUP_CHUNK_BYTES) != 0) {
            pup_error_set(error, PUP_ERROR_CORRUPT, "chunk %zu differs", i);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
fixture_matches(Fixture *f, PupStore *store, const char *room, unsigned version,
                const unsigned *seeds, size_t n, GError **error)
{
    g_autoptr(GBytes) text = NULL;
    g_autoptr(GBytes) sig = NULL;
    if (!pup_store_manifest(store, PUP_KIND_ROOM, room, version, &text, &sig, error))
        return FALSE;
    size_t len, sig_len;
    const void *data = g_bytes_get_data(text, &len);
    const char *sig_text = g_bytes_get_data(sig, &sig_len);
    if (!pup_verify(f->public, data, len, sig_text, sig_len, error))
        return FALSE;
    g_autoptr(PupManifest) manifest = pup_manifest_parse(data, len, error);
    g_autoptr(PupChunkMap) map = manifest ? pup_manifest_map(manifest, error) : NULL;
    if (!map)
        return FALSE;
    assert_int_equal(pup_chunk_map_n_chunks(map), n);
    return chunks_match(store, map, seeds, n, error);
}

PupFsckReport *
fixture_fsck(Fixture *f, gboolean repair)
{
    PupFsckReport *report = NULL;
    g_autoptr(GError) error = NULL;
    if (!pup_fsck(f->store, f->public, repair, NULL, NULL, &report, &error))
        fail_msg("fsck: %s", error->message);
    return report;
}

guint
fixture_n_harmful(const PupFsckReport *report)
{
    guint n = 0;
    for (guint i = 0; i < report->findings->len; i++)
        n += !((PupFsckFinding *) g_ptr_array_index(report->findings, i))->harmless;
    return n;
}

void
fixture_assert_clean(const PupFsckReport *report)
{
    for (guint i = 0; i < report->findings->len; i++) {
        const PupFsckFinding *finding = g_ptr_array_index(report->findings, i);
        if (!finding->harmless)
            fail_msg("%s: %s", finding->object, finding->problem);
    }
}

GByteArray *
fixture_read(const char *path)
{
    g_autoptr(GBytes) bytes = pup_file_read(path, 64 * 1024 * 1024, NULL);
    assert_non_null(bytes);
    return g_bytes_unref_to_array(g_steal_pointer(&bytes));
}

/* In place, as a failing disk would change it: the file's inode stays. */
void
fixture_write(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}
