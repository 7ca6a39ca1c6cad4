/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/overlay.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "client-image/seat/log.h"
#include "client-image/seat/overlay_file.h"
#include "client-image/seat/zram.h"
#include "lib/error.h"
#include "lib/file.h"

/* From here on a place counts as full. */
#define FULL_PERCENT 97u

typedef enum { PLACE_FOLDER, PLACE_TMPFS, PLACE_DEVICE, PLACE_ZRAM } Place;

struct PupOverlay {
    Place place;
    PupZram zram; /* PLACE_ZRAM */
    char *folder; /* PLACE_FOLDER, PLACE_TMPFS */
    char *path;   /* of the qcow2, once it is made, or the device */
    gboolean kept;
    char *title;
    char *mark; /* PLACE_ZRAM: the file that says which device is ours */
};

static gboolean
use_given(PupOverlay *overlay, const char *where, GError **error)
{
    struct stat status;

    if (stat(where, &status) != 0) {
        pup_error_set_errno(error, errno, "cannot use '%s' for the overlay", where);
        return FALSE;
    }
    if (S_ISBLK(status.st_mode)) {
        overlay->place = PLACE_DEVICE;
        overlay->path = g_strdup(where);
    } else if (S_ISDIR(status.st_mode)) {
        overlay->place = PLACE_FOLDER;
        overlay->folder = g_strdup(where);
    } else {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' is neither a folder nor a block device for the overlay",
                      where);
        return FALSE;
    }
    overlay->title = g_strdup(where);
    return TRUE;
}

static char *
mark_path(const char *rundir)
{
    return g_build_filename(rundir, "overlay.zram", NULL);
}

gboolean
pup_overlay_is_left_over(const char *rundir)
{
    g_autofree char *mark = mark_path(rundir);

    return access(mark, F_OK) == 0;
}

static void
remove_left_over(const char *mark)
{
    g_autofree char *text = NULL;
    guint64 number;
    PupZram left = {0};

    if (!g_file_get_contents(mark, &text, NULL, NULL))
        return;
    if (g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT16, &number, NULL)) {
        left.number = (unsigned) number;
        pup_zram_remove(&left);
    }
    unlink(mark);
}

static gboolean
use_zram(PupOverlay *overlay, const char *rundir, guint64 memory_mib, GError **error)
{
    g_autofree char *mark = mark_path(rundir);
    g_autofree char *number = NULL;

    remove_left_over(mark);
    if (!pup_zram_new(&overlay->zram, memory_mib, error))
        return FALSE;
    number = g_strdup_printf("%u", overlay->zram.number);
    if (!pup_file_replace(mark, number, strlen(number), 0600, error)) {
        pup_zram_remove(&overlay->zram);
        return FALSE;
    }
    overlay->mark = g_steal_pointer(&mark);
    overlay->place = PLACE_ZRAM;
    overlay->path = g_strdup_printf("/dev/zram%u", overlay->zram.number);
    overlay->title =
        g_strdup_printf("zram, %" G_GUINT64_FORMAT " MiB of memory", memory_mib);
    return TRUE;
}

static gboolean
use_tmpfs(PupOverlay *overlay, const char *rundir, guint64 memory_mib, GError **error)
{
    g_autofree char *folder = g_build_filename(rundir, "overlay", NULL);
    g_autofree char *options =
        g_strdup_printf("mode=0700,size=%" G_GUINT64_FORMAT "m", memory_mib);

    if (!pup_file_make_dir(folder, error))
        return FALSE;
    umount2(folder, MNT_DETACH); /* left behind by one that was killed */
    if (mount("pupitre-overlay", folder, "tmpfs", MS_NODEV | MS_NOSUID, options) != 0) {
        pup_error_set_errno(error, errno, "cannot mount a tmpfs on '%s'", folder);
        return FALSE;
    }
    overlay->place = PLACE_TMPFS;
    overlay->folder = g_steal_pointer(&folder);
    overlay->title =
        g_strdup_printf("tmpfs, %" G_GUINT64_FORMAT " MiB of memory", memory_mib);
    return TRUE;
}

PupOverlay *
pup_overlay_new(const char *where, const char *rundir, guint64 memory_mib, GError **error)
{
    g_autofree PupOverlay *overlay = g_new0(PupOverlay, 1);
    gboolean found;

    if (where)
        found = use_given(overlay, where, error);
    else
        found = use_zram(overlay, rundir, memory_mib, NULL) ||
                use_tmpfs(overlay, rundir, memory_mib, error);
    return found ? g_steal_pointer(&overlay) : NULL;
}

gboolean
pup_overlay_can_keep(const PupOverlay *overlay)
{
    return overlay->place == PLACE_FOLDER;
}

/* What is to become of what was kept. FALSE where that cannot be told now. */
static gboolean
look_at_kept(const PupOverlay *overlay, PupOverlayPast *past, GError **error)
{
    g_autoptr(GError) problem = NULL;

    *past = PUP_OVERLAY_FRESH;
    if (access(overlay->path, F_OK) != 0)
        return TRUE;
    *past = PUP_OVERLAY_FULL;
    if (pup_overlay_is_full(overlay))
        return TRUE;
    *past = PUP_OVERLAY_AGAIN;
    if (pup_overlay_file_check(overlay->path, &problem))
        return TRUE;
    *past = PUP_OVERLAY_DAMAGED;
    if (g_error_matches(problem, PUP_ERROR, PUP_ERROR_IO)) {
        pup_log("overlay", "what was kept is damaged: %s", problem->message);
        return TRUE;
    }
    g_propagate_prefixed_error(error, g_steal_pointer(&problem),
                               "cannot check what was kept: ");
    return FALSE;
}

gboolean
pup_overlay_make(PupOverlay *overlay, const char *backing, guint64 disk_bytes,
                 const PupName *name, PupOverlayPast *past, GError **error)
{
    overlay->kept = name && pup_overlay_can_keep(overlay);
    *past = PUP_OVERLAY_FRESH;
    if (overlay->folder) {
        g_free(overlay->path);
        overlay->path =
            pup_overlay_file_choose(overlay->folder, overlay->kept ? name : NULL);
    }
    if (overlay->place == PLACE_ZRAM && !pup_zram_reset(&overlay->zram, error))
        return FALSE;
    if (!overlay->kept)
        return pup_overlay_file_create(overlay->path, backing, disk_bytes, error);
    if (!look_at_kept(overlay, past, error))
        return FALSE;
    if (*past == PUP_OVERLAY_AGAIN)
        return TRUE;
    unlink(overlay->path);
    return pup_overlay_file_create_kept(overlay->path, backing, disk_bytes, error);
}

void
pup_overlay_drop(PupOverlay *overlay)
{
    if (overlay->place == PLACE_ZRAM)
        pup_zram_reset(&overlay->zram, NULL);
    else if (overlay->folder && overlay->path && !overlay->kept)
        unlink(overlay->path);
}

void
pup_overlay_free(PupOverlay *overlay)
{
    if (!overlay)
        return;
    pup_overlay_drop(overlay);
    if (overlay->place == PLACE_ZRAM) {
        pup_zram_remove(&overlay->zram);
        unlink(overlay->mark);
    }
    if (overlay->place == PLACE_TMPFS)
        umount2(overlay->folder, MNT_DETACH);
    g_free(overlay->folder);
    g_free(overlay->path);
    g_free(overlay->title);
    g_free(overlay->mark);
    g_free(overlay);
}

const char *
pup_overlay_path(const PupOverlay *overlay)
{
    return overlay->path;
}

gboolean
pup_overlay_is_block(const PupOverlay *overlay)
{
    return !overlay->folder;
}

const char *
pup_overlay_title(const PupOverlay *overlay)
{
    return overlay->title;
}

PupSpace
pup_overlay_space(const PupOverlay *overlay)
{
    PupSpace space = {0};
    struct statvfs status;

    if (overlay->place == PLACE_ZRAM) {
        pup_zram_space(&overlay->zram, &space);
    } else if (overlay->folder && statvfs(overlay->folder, &status) == 0) {
        space.size_bytes = (guint64) status.f_blocks * status.f_frsize;
        space.used_bytes =
            (guint64) (status.f_blocks - status.f_bavail) * status.f_frsize;
    }
    return space;
}

gboolean
pup_overlay_is_full(const PupOverlay *overlay)
{
    PupSpace space = pup_overlay_space(overlay);

    return pup_space_percent(&space) >= FULL_PERCENT;
}
