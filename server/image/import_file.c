/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk that comes in an archive or compressed is unpacked into the folder
 * STATE/run/import-NAME first, sparse, and imported from there: qemu-img wants to seek.
 * One that was killed leaves that folder, which pup_workshop_sweep() and the next import
 * of that name remove.
 */
#include <string.h>
#include <sys/stat.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/image/container.h"
#include "server/image/lock.h"
#include "server/image/probe.h"
#include "server/image/unchanged.h"
#include "server/image/unpack.h"
#include "server/image/workshop.h"

/* An archive in an archive in an archive is no disk that anybody exported. */
#define LAYERS_MAX 3u

typedef struct {
    const PupWorkshop *shop;
    const char *name;
    const PupImportFile *of;
    char *folder;
    char *path;         /* what was unpacked; NULL: nothing */
    PupUnchanged *seen; /* all files that are read */
} Job;

static gboolean
on_copied(gpointer data, GError **error)
{
    return pup_unchanged_check(data, error);
}

/* The files of the disk besides the one that it was named by. A name that is no text came
 * changed through QEMU's JSON; QEMU reads that file all the same, and it goes unwatched.
 */
static void
see_extents(const Job *job, const PupImageInfo *info)
{
    for (char **file = info->extents; file && *file; file++)
        pup_unchanged_add(job->seen, *file, NULL);
}

static gboolean
import_disk(const Job *job, PupPublishReport *report, GError **error)
{
    const PupWorkshop *shop = job->shop;
    const char *file = job->path ? job->path : job->of->file;
    g_autofree char *source = NULL;
    g_autoptr(PupImageInfo) info =
        pup_probe_disk(file, job->of->format, &source, shop->cancellable, error);
    PupImportSource from = {.source = source, .copied = on_copied, .data = job->seen};

    if (info)
        see_extents(job, info);
    if (!info || !pup_probe_guest(shop->settings, source, info->format, file,
                                  shop->cancellable, error))
        return FALSE;
    from.format = info->format;
    from.virtual_bytes = info->virtual_bytes;
    from.actual_bytes = info->actual_bytes;
    return pup_master_import_source(shop, job->name, &from, report, error);
}

/* What the file @path is, NULL where it is a disk as it stands, or nothing known. */
static gboolean
look_at(const char *path, const PupContainer **found, gboolean *is_disk, GError **error)
{
    g_autofree guint8 *head = g_malloc(PUP_CONTAINER_HEAD_BYTES);
    struct stat st;
    size_t len = 0;

    *found = NULL;
    *is_disk = FALSE;
    /* All else would block, and is refused as no file. */
    if (stat(path, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
        return TRUE;
    if (!pup_container_read(path, head, &len, error))
        return FALSE;
    *found = pup_container_find(head, len);
    *is_disk = pup_container_is_disk(head, len);
    return TRUE;
}

/* Check that @found may be imported with what the caller asked for. */
static gboolean
check_wishes(const PupImportFile *of, const PupContainer *found, gboolean is_disk,
             GError **error)
{
    gboolean raw = g_strcmp0(of->format, "raw") == 0;

    if (raw && is_disk)
        found = NULL; /* whatever else it looks like: it is one */
    if (access(of->file, F_OK) < 0)
        return TRUE; /* whoever opens it says that */
    if (of->disk && (!found || found->kind != PUP_CONTAINER_PACKED))
        pup_error_set(error, PUP_ERROR_INVALID, "'%s' is no archive: leave --disk away",
                      of->file);
    else if (!found || (found->kind == PUP_CONTAINER_IMAGE && !raw))
        return TRUE;
    else if (found->kind == PUP_CONTAINER_OTHER)
        pup_error_set(error, PUP_ERROR_INVALID, "'%s' is %s: %s", of->file, found->what,
                      found->advice);
    else if (of->format)
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' is %s and no disk of the format %s: leave --format away, and "
                      "it is imported as what it is",
                      of->file, found->what, of->format);
    else
        return TRUE;
    return FALSE;
}

static gboolean
unpack(Job *job, const char *file, const char *disk, GError **error)
{
    PupUnpack work = {job->shop, file, job->folder, disk};
    char *path = pup_unpack_disk(&work, error);

    if (!path)
        return FALSE;
    g_free(job->path);
    job->path = path;
    return TRUE;
}

/* Unpack what there is to unpack, also within what was unpacked. */
static gboolean
unpack_all(Job *job, GError **error)
{
    g_autofree char *first = g_strdup(job->folder);
    const PupContainer *found;
    gboolean is_disk;

    if (!look_at(job->of->file, &found, &is_disk, error) ||
        !check_wishes(job->of, found, is_disk, error))
        return FALSE;
    for (unsigned i = 0; found && found->kind == PUP_CONTAINER_PACKED; i++) {
        g_autofree char *inner = job->path ? g_strdup(job->path) : NULL;
        if (is_disk && g_strcmp0(job->of->format, "raw") == 0)
            return TRUE;
        if (i == LAYERS_MAX) {
            pup_error_set(error, PUP_ERROR_INVALID,
                          "'%s' is packed too many times over: unpack it and import the "
                          "disk in it",
                          job->of->file);
            return FALSE;
        }
        g_free(job->folder);
        job->folder = g_strdup_printf("%s/%u", first, i);
        if (!pup_file_make_dir(job->folder, error) ||
            !unpack(job, inner ? inner : job->of->file, inner ? NULL : job->of->disk,
                    error))
            return FALSE;
        if (inner)
            pup_file_remove_tree(inner);
        if (!look_at(job->path, &found, &is_disk, error))
            return FALSE;
    }
    return TRUE;
}

/* What went wrong while the file changed went wrong because it did. */
static void
set_import_error(const Job *job, GError **problem, GError **error)
{
    if (!g_error_matches(*problem, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
        !pup_unchanged_check(job->seen, error))
        return;
    g_propagate_error(error, g_steal_pointer(problem));
    if (job->path)
        g_prefix_error(error, "in '%s': ", job->of->file);
}

gboolean
pup_master_import_locked(const PupWorkshop *shop, const char *name,
                         const PupImportFile *of, PupPublishReport *report,
                         GError **error)
{
    g_autofree char *run = g_strdup_printf("run/import-%s", name);
    g_autofree char *folder = pup_settings_path(shop->settings, run);
    g_autoptr(PupUnchanged) seen = pup_unchanged_new();
    Job job = {
        .shop = shop, .name = name, .of = of, .folder = g_strdup(folder), .seen = seen};
    g_autoptr(GError) problem = NULL;
    gboolean done;

    pup_file_remove_tree(folder); /* of one that was killed */
    done = pup_unchanged_add(seen, of->file, &problem) && unpack_all(&job, &problem) &&
           import_disk(&job, report, &problem);
    if (!done)
        set_import_error(&job, &problem, error);
    pup_file_remove_tree(folder);
    g_free(job.folder);
    g_free(job.path);
    return done;
}

gboolean
pup_master_import(const PupWorkshop *shop, const char *name, const PupImportFile *of,
                  PupPublishReport *report, GError **error)
{
    g_autoptr(PupLock) lock = NULL;

    if (!pup_ident_check("master", name, error) || !pup_workshop_check_key(shop, error) ||
        !pup_workshop_check_pools(shop, error))
        return FALSE;
    lock = pup_lock_take(shop->settings, "master", name, error);
    return lock && pup_master_import_locked(shop, name, of, report, error);
}
