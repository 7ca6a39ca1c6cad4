/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/boot/client_image.h"

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "lib/json.h"
#include "lib/name.h"

#define FORMAT 1
#define JSON_MAX_BYTES (1024u * 1024)

void
pup_client_image_free(PupClientImage *image)
{
    if (!image)
        return;
    g_free(image->id);
    g_free(image->root_sha256);
    g_free(image);
}

gboolean
pup_client_image_has(const char *name)
{
    return g_str_equal(name, "vmlinuz") || g_str_equal(name, "initrd.img") ||
           g_str_equal(name, "root.img");
}

/* The name that the link points to; a path would let it leave the folder. */
static char *
current_id(const char *dir, GError **error)
{
    g_autofree char *link = g_build_filename(dir, "current", NULL);
    g_autofree char *id = g_file_read_link(link, NULL);
    if (!id) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND,
                      "there is no client image yet: run 'pupitre image build'");
        return NULL;
    }
    if (!pup_ident_check("client image", id, error))
        return NULL;
    return g_steal_pointer(&id);
}

/* Keys that this server does not know are passed over. */
static PupClientImage *
parse(GBytes *text, const char *path, GError **error)
{
    PupName name;
    gsize len;
    const char *data = g_bytes_get_data(text, &len);
    g_autoptr(PupJsonValue) json = pup_json_parse(path, data, len, JSON_MAX_BYTES, error);
    if (!json)
        return NULL;
    PupJsonReader r = PUP_JSON_READER(path, json, error);
    guint64 format = pup_json_uint(&r, "format", 1, G_MAXINT);
    if (!r.failed && format != FORMAT) {
        pup_error_set(error, PUP_ERROR_UNSUPPORTED, "%s: format %d, this server knows %d",
                      path, (int) format, FORMAT);
        return NULL;
    }
    guint64 bytes = pup_json_uint(&r, "root_bytes", 1, G_MAXINT64);
    const char *sha256 = pup_json_string(&r, "root_sha256", PUP_NAME_HEX_LEN);
    if (!pup_name_from_hex(sha256, strlen(sha256), &name, NULL))
        pup_json_fail(&r, "root_sha256", "not a SHA-256");
    if (r.failed)
        return NULL;
    PupClientImage *image = g_new0(PupClientImage, 1);
    image->root_sha256 = g_strdup(sha256);
    image->root_bytes = bytes;
    return image;
}

PupClientImage *
pup_client_image_current(const char *dir, GError **error)
{
    g_autofree char *id = current_id(dir, error);
    if (!id)
        return NULL;
    g_autofree char *path = g_build_filename(dir, id, "image.json", NULL);
    g_autoptr(GBytes) text = pup_file_read(path, JSON_MAX_BYTES, error);
    if (!text)
        return NULL;
    PupClientImage *image = parse(text, path, error);
    if (image)
        image->id = g_steal_pointer(&id);
    return image;
}
