/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/overlay_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client-image/seat/child.h"
#include "lib/error.h"
#include "lib/file.h"
#include "lib/json.h"

#define FILE_STEM "overlay"
#define SUFFIX ".qcow2"
/* Behind the name of one that is being made. */
#define UNFINISHED ".new"

/* The file of the overlay with @name; NULL: of one that is not kept. */
static char *
file_name(const PupName *name)
{
    char hex[PUP_NAME_HEX_LEN + 1];

    if (!name)
        return g_strdup(FILE_STEM SUFFIX);
    pup_name_to_hex(name, hex);
    return g_strconcat(hex, SUFFIX, NULL);
}

/* Whether we gave a file its name: the folder may be anybody's. */
static gboolean
is_ours(const char *name)
{
    g_autofree char *stem = g_strdup(name);
    PupName ignored;

    if (g_str_has_suffix(stem, UNFINISHED))
        stem[strlen(stem) - strlen(UNFINISHED)] = '\0';
    if (!g_str_has_suffix(stem, SUFFIX))
        return FALSE;
    stem[strlen(stem) - strlen(SUFFIX)] = '\0';
    return strcmp(stem, FILE_STEM) == 0 ||
           pup_name_from_hex(stem, strlen(stem), &ignored, NULL);
}

char *
pup_overlay_file_choose(const char *folder, const PupName *name)
{
    g_autofree char *wanted = file_name(name);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *found;

    while (dir && (found = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, found, NULL);
        if (is_ours(found) && (!name || strcmp(found, wanted) != 0))
            unlink(path);
    }
    return g_build_filename(folder, wanted, NULL);
}

/* What a power cut leaves: clusters that nobody uses, which are given back here; anything
 * worse is none of its doing. Without the backing file, which is not served yet. */
gboolean
pup_overlay_file_check(const char *path, GError **error)
{
    g_autoptr(PupJsonValue) options =
        json_pack("{s:s, s:n, s:{s:s, s:s}}", "driver", "qcow2", "backing", "file",
                  "driver", "file", "filename", path);
    char *text = json_dumps(options, JSON_COMPACT);
    g_autofree char *file = g_strconcat("json:", text, NULL);
    const char *argv[] = {"qemu-img", "check", "-q", "-r", "leaks", file, NULL};
    g_autoptr(GError) problem = NULL;

    free(text);
    if (pup_child_run(argv, &problem))
        return TRUE;
    if (strstr(problem->message, "Is another process using"))
        pup_error_set(error, PUP_ERROR_BUSY, "'%s' is still in use", path);
    else
        g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

gboolean
pup_overlay_file_create(const char *path, const char *backing, guint64 disk_bytes,
                        GError **error)
{
    g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT, disk_bytes);
    /* -u: the stream need not run yet. */
    const char *argv[] = {"qemu-img", "create", "-q",    "-f", "qcow2", "-u", "-F",
                          "raw",      "-b",     backing, "--", path,    size, NULL};

    return pup_child_run(argv, error);
}

/* Write @path out and give it the name @final for good. */
static gboolean
put_in_place(const char *path, const char *final, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(final);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    gboolean done = fd >= 0 && fsync(fd) == 0 && rename(path, final) == 0;

    if (!done)
        pup_error_set_errno(error, errno, "cannot put '%s' into place", final);
    if (fd >= 0)
        close(fd);
    return done && pup_file_sync_dir(folder, error);
}

gboolean
pup_overlay_file_create_kept(const char *path, const char *backing, guint64 disk_bytes,
                             GError **error)
{
    g_autofree char *unfinished = g_strconcat(path, UNFINISHED, NULL);

    return pup_overlay_file_create(unfinished, backing, disk_bytes, error) &&
           put_in_place(unfinished, path, error);
}
