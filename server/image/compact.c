/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The old file is held open for reading all the while, by the qemu-nbd that also says how
 * much it holds: QEMU lets no writer in then, so nothing can be written between the
 * comparison and the rename and be lost. The copy is compared as a guest would read it,
 * because the order to replace an admin's 40 GB should not rest on trust in a converter.
 *
 * Clusters that hold what the master has, too, stay: they cost their bytes, but to find
 * them all of both disks would have to be read.
 */
#include "server/image/compact.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/ident.h"
#include "server/image/disk.h"
#include "server/image/chain.h"
#include "server/image/edits.h"
#include "server/image/qemu_img.h"
#include "server/image/runs.h"
#include "server/image/workshop.h"

typedef struct {
    const PupWorkshop *shop;
    const char *path;
    PupImageInfo *info;
    char *temp;
    PupCompactReport report;
} Compact;

/* A copy has the disk, and nothing else that a qcow2 may hold. */
static gboolean
check_copyable(const Compact *compact, GError **error)
{
    const PupImageInfo *info = compact->info;

    if (info->corrupt) {
        pup_error_set(error, PUP_ERROR_CORRUPT,
                      "'%s' is marked corrupt; see `qemu-img check`", compact->path);
        return FALSE;
    }
    if (info->n_snapshots > 0 || info->n_bitmaps > 0) {
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "'%s' holds %u snapshots and %u bitmaps of its own, which a copy "
                      "would lose; remove them first (`qemu-img snapshot -d`, `qemu-img "
                      "bitmap --remove`)",
                      compact->path, info->n_snapshots, info->n_bitmaps);
        return FALSE;
    }
    if (!info->data_file && !info->encrypted)
        return TRUE;
    pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                  "'%s' is encrypted, or keeps its data in another file", compact->path);
    return FALSE;
}

static gboolean
check_space(const Compact *compact, GError **error)
{
    g_autofree char *what =
        g_strdup_printf("the smaller copy of '%s' takes up to", compact->path);

    return pup_workshop_check_space(compact->path, compact->report.after_bytes, what,
                                    error);
}

/* What the copy will take at most: whole clusters that hold data. */
static gboolean
estimate(Compact *compact, PupDisk *disk, GError **error)
{
    g_autoptr(GArray) runs = pup_disk_runs(disk, 1, compact->shop->cancellable, error);

    if (!runs)
        return FALSE;
    compact->report.after_bytes =
        MIN(pup_runs_count(runs, TRUE) * PUP_CHUNK_BYTES, compact->info->actual_bytes);
    return TRUE;
}

static gboolean
make_copy(Compact *compact, GError **error)
{
    const PupWorkshop *shop = compact->shop;
    PupWorkshopPercent percent = {shop, "copying the disk", compact->info->virtual_bytes};

    if (!pup_image_copy(compact->path, compact->info->backing, compact->temp,
                        pup_workshop_percent, &percent, shop->cancellable, error) ||
        !pup_failpoint("compact-copied", error))
        return FALSE;
    percent.what = "comparing the copy";
    return pup_image_compare(compact->path, compact->temp, pup_workshop_percent, &percent,
                             shop->cancellable, error) &&
           pup_failpoint("compact-compared", error);
}

/* Put the copy into place, with the mode and owner of what it replaces: libvirt may have
 * given the file to the user that its machines run as. */
static gboolean
replace(Compact *compact, GError **error)
{
    struct stat old, made;

    if (stat(compact->path, &old) < 0 || stat(compact->temp, &made) < 0 ||
        chown(compact->temp, old.st_uid, old.st_gid) < 0) {
        pup_error_set_errno(error, errno, "cannot replace '%s'", compact->path);
        return FALSE;
    }
    compact->report.after_bytes = (guint64) made.st_blocks * 512;
    compact->report.no_gain = made.st_blocks >= old.st_blocks;
    if (!compact->report.no_gain)
        return pup_workshop_place(compact->temp, compact->path, old.st_mode & 07777,
                                  error);
    compact->report.after_bytes = compact->report.before_bytes;
    unlink(compact->temp);
    return TRUE;
}

static gboolean
compact_held(Compact *compact, PupDisk *disk, GError **error)
{
    if (!estimate(compact, disk, error) || !check_space(compact, error))
        return FALSE;
    if (compact->shop->dry_run)
        return TRUE;
    if (make_copy(compact, error) && replace(compact, error))
        return TRUE;
    unlink(compact->temp);
    return FALSE;
}

static gboolean
compact_file(const PupWorkshop *shop, const char *path, PupCompactReport *report,
             GError **error)
{
    g_autoptr(PupImageInfo) info =
        pup_image_info(path, "qcow2", shop->cancellable, error);
    g_autofree char *temp = pup_workshop_temp_path(path);
    g_autoptr(PupDisk) disk = NULL;
    Compact compact = {.shop = shop, .path = path, .info = info, .temp = temp};

    if (!info || !check_copyable(&compact, error))
        return FALSE;
    compact.report.before_bytes = info->actual_bytes;
    disk = pup_disk_open(shop->settings, path, 1, shop->cancellable, error);
    if (!disk || !compact_held(&compact, disk, error))
        return FALSE;
    *report = compact.report;
    return TRUE;
}

gboolean
pup_room_compact(const PupWorkshop *shop, const char *room, PupCompactReport *report,
                 GError **error)
{
    g_autoptr(PupLock) lock = NULL;
    g_auto(PupChain) chain = {0};
    g_autofree char *path = NULL;

    if (!pup_ident_check("room", room, error))
        return FALSE;
    path = pup_room_path(shop, room);
    if (access(path, F_OK) < 0) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "room '%s' has no sub-master '%s'",
                      room, path);
        return FALSE;
    }
    lock = pup_edits_lock_room(shop, room, error);
    return lock && pup_chain_read_whole(shop, path, &chain, error) &&
           compact_file(shop, path, report, error);
}

gboolean
pup_master_compact(const PupWorkshop *shop, const char *name, unsigned version,
                   PupCompactReport *report, GError **error)
{
    g_autoptr(PupLock) lock = NULL;
    g_autofree char *path = NULL;

    if (!pup_ident_check("master", name, error))
        return FALSE;
    path = pup_master_path(shop, name, version);
    if (access(path, F_OK) < 0) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "master %s@%u has no file '%s'", name,
                      version, path);
        return FALSE;
    }
    lock = pup_lock_take(shop->settings, "master", name, error);
    return lock && compact_file(shop, path, report, error);
}
