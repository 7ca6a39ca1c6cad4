/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a PC gets before its room's version: the client image's files, against what
 * image.json says of them, and the texts that are rendered for it.
 */
#include "server/check/check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/name.h"
#include "server/boot/client_image.h"

#define JSON_MAX_BYTES (1024u * 1024u)
#define READ_BYTES (1024u * 1024u)
#define MEND "build it anew with `pupitre image build`"

static void
add(PupCheckup *checkup, const char *id, char *problem)
{
    pup_checkup_add(checkup, PUP_FINDING_DAMAGE,
                    id ? g_strdup_printf("client image %s", id)
                       : g_strdup("client image"),
                    problem, g_strdup(MEND));
}

/* SHA-256 of the file @path in hex, new string; NULL on error. */
static char *
sum_of(const char *path, GError **error)
{
    g_autofree guint8 *buf = g_malloc(READ_BYTES);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    int fd = pup_file_open(path, NULL, error);
    ssize_t n;

    if (fd < 0)
        return NULL;
    while ((n = read(fd, buf, READ_BYTES)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            g_checksum_update(sum, buf, n);
    if (n < 0)
        pup_error_set_errno(error, errno, "cannot read '%s'", path);
    close(fd);
    return n < 0 ? NULL : g_strdup(g_checksum_get_string(sum));
}

/* @bytes 0 and @sha256 NULL: not told. */
static void
check_file(PupCheckup *checkup, const char *id, const char *path, guint64 bytes,
           const char *sha256)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *sum = NULL;
    guint64 size = 0;
    int fd = pup_file_open(path, &size, &why);

    if (fd >= 0)
        close(fd);
    if (fd >= 0 && bytes > 0 && size != bytes)
        add(checkup, id,
            g_strdup_printf("'%s' has %" G_GUINT64_FORMAT
                            " bytes, not %" G_GUINT64_FORMAT,
                            path, size, bytes));
    else if (fd >= 0 && checkup->thorough && sha256) {
        sum = sum_of(path, &why);
        if (sum && strcmp(sum, sha256) != 0)
            add(checkup, id,
                g_strdup_printf("'%s' is damaged: its SHA-256 is %s", path, sum));
    }
    if (why)
        add(checkup, id, g_strdup(why->message));
}

/* Each of its files, and what image.json says of it where it does. */
static void
check_files(PupCheckup *checkup, const char *dir, const PupClientImage *image)
{
    static const char *const names[] = {"vmlinuz", "initrd.img", "root.img"};
    g_autofree char *json_path = g_build_filename(dir, image->id, "image.json", NULL);
    g_autoptr(GBytes) text = pup_file_read(json_path, JSON_MAX_BYTES, NULL);
    g_autoptr(PupJsonValue) json =
        text ? pup_json_parse(json_path, g_bytes_get_data(text, NULL),
                              g_bytes_get_size(text), JSON_MAX_BYTES, NULL)
             : NULL;

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(dir, image->id, names[i], NULL);
        json_t *said = json_object_get(json_object_get(json, "files"), names[i]);
        json_int_t bytes = json_integer_value(json_object_get(said, "bytes"));
        const char *sha256 = json_string_value(json_object_get(said, "sha256"));
        gboolean is_root = strcmp(names[i], "root.img") == 0;
        check_file(checkup, image->id, path,
                   is_root     ? image->root_bytes
                   : bytes > 0 ? (guint64) bytes
                               : 0,
                   is_root ? image->root_sha256 : sha256);
    }
}

/* TRUE when an image was built once. */
static gboolean
has_images(const char *dir)
{
    g_autoptr(GDir) images = g_dir_open(dir, 0, NULL);
    const char *name;

    while (images && (name = g_dir_read_name(images)))
        if (name[0] != '.')
            return TRUE;
    return FALSE;
}

/* A server that has none yet is not damaged: `status` tells. */
void
pup_check_client_image(PupCheckup *checkup)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *dir = pup_settings_path(checkup->shop->settings, "client-image");
    g_autoptr(PupClientImage) image = pup_client_image_current(dir, &why);

    if (image)
        check_files(checkup, dir, image);
    else if (has_images(dir))
        add(checkup, NULL,
            g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND)
                ? g_strdup_printf("'%s/current' leads to none, and no PC can start", dir)
                : g_strdup(why->message));
}

void
pup_check_texts(PupCheckup *checkup)
{
    static const char *const texts[] = {
        "templates/domain.xml",     "templates/workshop.xml",  "templates/dnsmasq.conf",
        "ipxe-scripts/boot.ipxe",   "ipxe-scripts/error.ipxe", "ipxe-scripts/seat.ipxe",
        "ipxe-scripts/unknown.ipxe"};
    const char *asked = g_getenv("PUPITRE_DATADIR");

    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) why = NULL;
        g_autofree char *path =
            g_build_filename(asked ? asked : PUP_PKGDATADIR, texts[i], NULL);
        g_autoptr(GBytes) text = pup_file_read(path, JSON_MAX_BYTES, &why);
        if (!text || g_bytes_get_size(text) == 0)
            pup_checkup_add(
                checkup, PUP_FINDING_DAMAGE, g_strdup_printf("text %s", texts[i]),
                why ? g_strdup(why->message) : g_strdup_printf("'%s' is empty", path),
                g_strdup("install Pupitre's own files again"));
    }
}
