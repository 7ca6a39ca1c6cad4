/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * publish-tree - publish a disk as plain files that any HTTP server can serve
 *
 *     publish-tree DISK DIR ROOM VERSION
 *
 * writes DIR/v1/chunks/NAME and DIR/v1/rooms/ROOM/versions/VERSION/manifest{,.sig}, laid
 * out as in doc/http-api.md, and makes the keys DIR/key.sec and DIR/key.pub unless they
 * are there. For tests of the reading side that need no store.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/manifest.h"
#include "lib/signature.h"

typedef struct {
    const char *dir;
    PupChunkCodec *codec;
    guint8 *plain;
    guint8 *encoded;
} Publisher;

static gboolean
put_chunk(const Publisher *p, const PupName *name, GError **error)
{
    char hex[PUP_NAME_HEX_LEN + 1];
    g_autofree char *path = NULL;

    pup_name_to_hex(name, hex);
    path = g_build_filename(p->dir, "v1", "chunks", hex, NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    return g_file_set_contents_full(
        path, (const char *) p->encoded,
        (gssize) pup_chunk_encode(p->codec, p->plain, p->encoded),
        G_FILE_SET_CONTENTS_NONE, 0644, error);
}

static gboolean
put_disk(const Publisher *p, int fd, const char *what, PupChunkMap *map, GError **error)
{
    guint64 disk_bytes = pup_chunk_map_disk_bytes(map);

    for (guint64 i = 0; i < pup_chunk_map_n_chunks(map); i++) {
        guint64 offset = i * PUP_CHUNK_BYTES;
        size_t len = MIN(PUP_CHUNK_BYTES, disk_bytes - offset);
        PupName name;
        memset(p->plain, 0, PUP_CHUNK_BYTES);
        if (!pup_file_pread(fd, p->plain, len, (off_t) offset, what, error))
            return FALSE;
        if (pup_chunk_is_zero(p->plain, PUP_CHUNK_BYTES))
            continue;
        pup_name_of(p->plain, PUP_CHUNK_BYTES, &name);
        pup_chunk_map_set(map, i, &name);
        if (!put_chunk(p, &name, error))
            return FALSE;
    }
    for (guint64 page = 0; page < pup_chunk_map_n_pages(map); page++) {
        PupName name;
        if (pup_chunk_map_seal_page(map, page, p->plain, &name) &&
            !put_chunk(p, &name, error))
            return FALSE;
    }
    return TRUE;
}

/* The key in DIR, made there first if need be. */
static PupSecretKey *
own_key(const char *dir, GError **error)
{
    g_autofree char *sec_path = g_build_filename(dir, "key.sec", NULL);
    g_autofree char *pub_path = g_build_filename(dir, "key.pub", NULL);
    g_autoptr(PupSecretKey) key = NULL;
    g_autoptr(PupPublicKey) pub = NULL;
    g_autofree char *text = NULL;
    g_autofree char *pub_text = NULL;
    gsize len;

    if (g_file_get_contents(sec_path, &text, &len, NULL))
        return pup_secret_key_parse(text, len, error);
    key = pup_secret_key_generate(error);
    if (!key)
        return NULL;
    pub = pup_secret_key_public(key);
    text = pup_secret_key_format(key);
    pub_text = pup_public_key_format(pub);
    if (!pup_file_replace(sec_path, text, strlen(text), 0600, error) ||
        !pup_file_replace(pub_path, pub_text, strlen(pub_text), 0644, error))
        return NULL;
    return g_steal_pointer(&key);
}

static gboolean
put_manifest(const char *dir, const char *room, unsigned version, const PupChunkMap *map,
             GError **error)
{
    g_autoptr(PupManifest) manifest = pup_manifest_new(PUP_KIND_ROOM, room, version);
    g_autoptr(PupSecretKey) key = own_key(dir, error);
    g_autofree char *folder =
        g_strdup_printf("%s/v1/rooms/%s/versions/%u", dir, room, version);
    g_autofree char *path = g_build_filename(folder, "manifest", NULL);
    g_autofree char *sig_path = g_strconcat(path, ".sig", NULL);
    g_autofree char *sig = NULL;
    g_autoptr(GBytes) text = NULL;
    gsize len;

    if (!key || !pup_file_make_dir(folder, error))
        return FALSE;
    manifest->disk_bytes = pup_chunk_map_disk_bytes(map);
    manifest->master = g_strdup("master");
    manifest->master_version = 1;
    manifest->parent = version - 1;
    manifest->domain_template = g_strdup("<domain/>");
    pup_guest_defaults(&manifest->guest);
    pup_manifest_set_map(manifest, map);
    text = pup_manifest_format(manifest);
    sig = pup_sign(key, g_bytes_get_data(text, &len), g_bytes_get_size(text));
    return pup_file_replace(path, g_bytes_get_data(text, NULL), len, 0644, error) &&
           pup_file_replace(sig_path, sig, strlen(sig), 0644, error);
}

static gboolean
publish(const char *disk, const char *dir, const char *room, unsigned version,
        GError **error)
{
    g_autofree char *chunks = g_build_filename(dir, "v1", "chunks", NULL);
    g_autoptr(PupChunkCodec) codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autofree guint8 *encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);
    Publisher p = {dir, codec, plain, encoded};
    g_autoptr(PupChunkMap) map = NULL;
    struct stat st;
    gboolean done;
    int fd = open(disk, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", disk);
        return FALSE;
    }
    map = pup_chunk_map_new((guint64) st.st_size);
    done = pup_file_make_dir(chunks, error) && put_disk(&p, fd, disk, map, error) &&
           put_manifest(dir, room, version, map, error);
    close(fd);
    return done;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    guint64 version;

    if (argc != 5 ||
        !g_ascii_string_to_unsigned(argv[4], 10, 1, G_MAXUINT, &version, NULL)) {
        g_printerr("usage: publish-tree DISK DIR ROOM VERSION\n");
        return 2;
    }
    if (!publish(argv[1], argv[2], argv[3], (unsigned) version, &error)) {
        g_printerr("publish-tree: %s\n", error->message);
        return pup_error_exit_status(error);
    }
    return 0;
}
