/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/qemu_img.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "server/image/bytes.h"

#define BACKING_MAX 1023u /* bytes of a name, by the format */
#define CHAIN_MAX 64u

void
pup_image_info_free(PupImageInfo *info)
{
    if (!info)
        return;
    g_free(info->format);
    g_free(info->backing);
    g_free(info->data_file);
    g_strfreev(info->extents);
    g_free(info);
}

PupImageInfo *
pup_image_info_copy(const PupImageInfo *info)
{
    PupImageInfo *copy = g_memdup2(info, sizeof *info);

    copy->format = g_strdup(info->format);
    copy->backing = g_strdup(info->backing);
    copy->data_file = g_strdup(info->data_file);
    copy->extents = g_strdupv(info->extents);
    return copy;
}

static char **
extents_of(json_t *data)
{
    g_autoptr(GStrvBuilder) extents = g_strv_builder_new();
    json_t *extent;
    size_t i;

    json_array_foreach(json_object_get(data, "extents"), i, extent)
    {
        const char *file = json_string_value(json_object_get(extent, "filename"));
        g_strv_builder_add(extents, file ? file : "");
    }
    return g_strv_builder_end(extents);
}

/* A size of @root; 0 where it is missing or negative. */
static guint64
size_of(json_t *root, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(root, key));

    return value > 0 ? (guint64) value : 0;
}

PupImageInfo *
pup_image_info_parse(const char *path, const char *json, GError **error)
{
    g_autofree char *valid = g_utf8_make_valid(json, -1); /* names of files are bytes */
    json_t *root = json_loads(valid, 0, NULL);
    json_t *data = json_object_get(json_object_get(root, "format-specific"), "data");
    const char *format = json_string_value(json_object_get(root, "format"));
    PupImageInfo *info;

    if (!format) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s': qemu-img's answer is no image info", path);
        json_decref(root);
        return NULL;
    }
    info = g_new0(PupImageInfo, 1);
    info->format = g_strdup(format);
    info->virtual_bytes = size_of(root, "virtual-size");
    info->actual_bytes = size_of(root, "actual-size");
    info->backing =
        g_strdup(json_string_value(json_object_get(root, "backing-filename")));
    info->data_file = g_strdup(json_string_value(json_object_get(data, "data-file")));
    info->encrypted = json_is_true(json_object_get(root, "encrypted"));
    info->corrupt = json_is_true(json_object_get(data, "corrupt"));
    info->n_snapshots = (unsigned) json_array_size(json_object_get(root, "snapshots"));
    info->n_bitmaps = (unsigned) json_array_size(json_object_get(data, "bitmaps"));
    info->extents = extents_of(data);
    json_decref(root);
    return info;
}

PupImageInfo *
pup_image_info(const char *path, const char *format, GCancellable *cancellable,
               GError **error)
{
    const char *argv[] = {
        "qemu-img", "info", "--force-share", "--output=json", NULL, NULL, NULL, NULL};
    unsigned n = 4;
    g_autofree char *json = NULL;
    g_autofree char *what = g_strdup_printf("cannot read the image '%s'", path);

    if (format) {
        argv[n++] = "-f";
        argv[n++] = format;
    }
    argv[n] = path;
    if (!pup_file_check_disk(path, error) ||
        !pup_child_run(argv, what, &json, cancellable, error))
        return NULL;
    return pup_image_info_parse(path, json, error);
}

/* The name of the file below the qcow2 @path, as its header has it
 * (docs/interop/qcow2.txt of QEMU); NULL where there is none, or none that can be read.
 * New string. */
static char *
backing_of(const char *path)
{
    guint8 head[20];
    char name[BACKING_MAX + 1] = "";
    int fd = pup_file_open(path, NULL, NULL);

    if (fd < 0)
        return NULL;
    if (pread(fd, head, sizeof head, 0) == sizeof head &&
        memcmp(head, "QFI\xfb", 4) == 0 && pup_be32(head + 16) <= BACKING_MAX &&
        pread(fd, name, pup_be32(head + 16), (off_t) pup_be64(head + 8)) < 0)
        name[0] = '\0';
    close(fd);
    return *name ? g_strdup(name) : NULL;
}

gboolean
pup_image_check_chain(const char *path, GError **error)
{
    g_autofree char *at = g_strdup(path);

    for (unsigned i = 0; at && i < CHAIN_MAX; i++) {
        g_autofree char *folder = g_path_get_dirname(at), *below = NULL;

        if (!pup_file_check_disk(at, error))
            return FALSE;
        below = backing_of(at);
        g_free(at);
        at = !below || g_path_is_absolute(below) ? g_steal_pointer(&below)
                                                 : g_build_filename(folder, below, NULL);
    }
    return TRUE;
}

/* The number behind @key of a line of qemu-img's; FALSE where there is none. */
static gboolean
number_after(const char *line, const char *key, guint64 *value)
{
    const char *at = strstr(line, key);

    if (!at)
        return FALSE;
    *value = g_ascii_strtoull(at + strlen(key), NULL, 10);
    return TRUE;
}

/* "{ "start": 0, "length": 65536, "depth": 0, ..., "offset": 327680}," */
static gboolean
take_extent(gpointer data, const char *line)
{
    guint64 *end = data;
    guint64 len, offset;

    if (number_after(line, "\"offset\": ", &offset) &&
        number_after(line, "\"length\": ", &len))
        *end = MAX(*end, offset + len);
    return strchr("[{]", line[0]) != NULL;
}

gboolean
pup_image_data_end(const char *path, const char *format, guint64 *end,
                   GCancellable *cancellable, GError **error)
{
    const char *const argv[] = {
        "qemu-img", "map", "--force-share", "--output=json", "-f", format, path, NULL};
    g_autofree char *what = g_strdup_printf("cannot read the image '%s'", path);
    guint64 found = 0;

    if (!pup_file_check_disk(path, error) ||
        !pup_child_run_lines(argv, what, take_extent, &found, cancellable, error))
        return FALSE;
    *end = found;
    return TRUE;
}

gboolean
pup_image_check(const char *path, const char *format, GCancellable *cancellable,
                GError **error)
{
    /* What qemu-img check exits with: 2 for errors, 3 for clusters that are merely lost,
     * 63 where the format has no check; see its manual. */
    enum { FAILED = 1, DAMAGED = 2 };
    const char *const argv[] = {"qemu-img", "check", "-q", "-f", format, path, NULL};
    g_autofree char *words = NULL;
    g_autofree char *what = g_strdup_printf("cannot check the image '%s'", path);
    int status;

    if (!pup_image_check_chain(path, error) ||
        !pup_child_run_status(argv, &status, &words, cancellable, error))
        return FALSE;
    if (status == DAMAGED) {
        pup_error_set(error, PUP_ERROR_CORRUPT,
                      "'%s' is damaged: see `qemu-img check '%s'`", path, path);
        return FALSE;
    }
    if (status != FAILED && status >= 0)
        return TRUE;
    pup_child_set_error(error, what, words);
    return FALSE;
}

gboolean
pup_image_copy(const char *source, const char *backing, const char *target,
               PupChildPercent percent, gpointer data, GCancellable *cancellable,
               GError **error)
{
    const char *argv[] = {"qemu-img", "convert", "-p",
                          "-f",       "qcow2",   "-O",
                          "qcow2",    "-o",      "cluster_size=" PUP_CLUSTER_SIZE,
                          source,     target,    NULL,
                          NULL,       NULL,      NULL,
                          NULL};
    g_autofree char *what = g_strdup_printf("cannot copy '%s'", source);
    unsigned n = 9;

    if (backing) {
        argv[n++] = "-B";
        argv[n++] = backing;
        argv[n++] = "-F";
        argv[n++] = "qcow2";
        argv[n++] = source;
        argv[n] = target;
    }
    return pup_image_check_chain(source, error) &&
           pup_child_run_percent(argv, what, percent, data, cancellable, error);
}

gboolean
pup_image_compare(const char *a, const char *b, PupChildPercent percent, gpointer data,
                  GCancellable *cancellable, GError **error)
{
    const char *const argv[] = {"qemu-img", "compare", "-p", "-f", "qcow2",
                                "-F",       "qcow2",   a,    b,    NULL};
    g_autofree char *what = g_strdup_printf("'%s' and its copy differ", a);
    g_autoptr(GError) why = NULL;

    if (!pup_image_check_chain(a, error) || !pup_image_check_chain(b, error))
        return FALSE;
    if (pup_child_run_percent(argv, what, percent, data, cancellable, &why))
        return TRUE;
    if (g_error_matches(why, PUP_ERROR, PUP_ERROR_INVALID))
        why->code = PUP_ERROR_CORRUPT;
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

gboolean
pup_image_commit(const char *path, PupChildPercent percent, gpointer data, GError **error)
{
    /* -d: the overlay is not emptied, which could be interrupted half-way. */
    const char *const argv[] = {"qemu-img", "commit", "-p", "-d",
                                "-f",       "qcow2",  path, NULL};
    g_autofree char *what = g_strdup_printf("cannot write '%s' into its base", path);

    return pup_image_check_chain(path, error) &&
           pup_child_run_percent(argv, what, percent, data, NULL, error);
}

gboolean
pup_image_is_busy(const char *path, gboolean *busy, GCancellable *cancellable,
                  GError **error)
{
    const char *const argv[] = {"qemu-img", "info", "-f", "qcow2", path, NULL};
    g_autofree char *what = g_strdup_printf("cannot read the image '%s'", path);
    g_autofree char *words = NULL;
    g_autoptr(GError) why = NULL;

    *busy = FALSE;
    if (!pup_file_check_disk(path, error))
        return FALSE;
    if (pup_child_run(argv, what, &words, cancellable, &why))
        return TRUE;
    *busy = g_error_matches(why, PUP_ERROR, PUP_ERROR_BUSY);
    if (!*busy)
        g_propagate_error(error, g_steal_pointer(&why));
    return *busy;
}

gboolean
pup_image_create(const char *path, guint64 bytes, GCancellable *cancellable,
                 GError **error)
{
    g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT, bytes);
    g_autofree char *what = g_strdup_printf("cannot make the disk '%s'", path);
    const char *const argv[] = {
        "qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=" PUP_CLUSTER_SIZE,
        path,       size,     NULL};

    return pup_child_run(argv, what, NULL, cancellable, error);
}

gboolean
pup_image_create_overlay(const char *path, const char *backing, GCancellable *cancellable,
                         GError **error)
{
    const char *const argv[] = {"qemu-img",
                                "create",
                                "-q",
                                "-f",
                                "qcow2",
                                "-F",
                                "qcow2",
                                "-b",
                                backing,
                                "-o",
                                "cluster_size=" PUP_CLUSTER_SIZE,
                                path,
                                NULL};
    g_autofree char *what = g_strdup_printf("cannot make the overlay '%s'", path);

    return pup_child_run(argv, what, NULL, cancellable, error);
}
