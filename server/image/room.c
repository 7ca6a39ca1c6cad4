/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/image/chain.h"
#include "server/image/disk.h"
#include "server/image/edits.h"
#include "server/image/needs.h"
#include "server/image/qemu_img.h"
#include "server/image/runs.h"
#include "server/image/whole.h"
#include "server/image/workshop.h"

void
pup_workshop_set_lost(const PupWorkshop *shop, const char *name, unsigned version,
                      GError **error)
{
    g_autofree char *path = pup_master_path(shop, name, version);

    pup_error_set(error, PUP_ERROR_NOT_FOUND,
                  "the file of master %s@%u, '%s', is not there: restore it from a "
                  "backup, or import the very same disk again with `pupitre master "
                  "import %s FILE`; then all that stands on it is whole",
                  name, version, path, name);
}

unsigned
pup_workshop_find_master(const PupWorkshop *shop, const PupRoomProfile *profile,
                         GError **error)
{
    unsigned version = profile->master_version;
    g_autoptr(PupManifest) manifest =
        pup_workshop_manifest(shop, PUP_KIND_MASTER, profile->master, version, error);
    g_autofree char *path = NULL;

    if (!manifest) {
        return 0;
    }
    path = pup_master_path(shop, profile->master, manifest->version);
    if (access(path, R_OK) == 0)
        return manifest->version;
    pup_workshop_set_lost(shop, profile->master, manifest->version, error);
    return 0;
}

gboolean
pup_workshop_make_overlay(const PupWorkshop *shop, const char *path, const char *backing,
                          GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *temp = pup_workshop_temp_path(path);

    if (!pup_file_make_dir(folder, error))
        return FALSE;
    if (pup_image_create_overlay(temp, backing, shop->cancellable, error) &&
        pup_workshop_place(temp, path, 0644, error))
        return TRUE;
    unlink(temp);
    return FALSE;
}

static gboolean
make_overlay(const PupWorkshop *shop, const char *path, const PupRoomProfile *profile,
             unsigned version, GError **error)
{
    g_autofree char *backing = pup_backing_master(profile->master, version);

    return pup_workshop_make_overlay(shop, path, backing, error);
}

gboolean
pup_room_make(const PupWorkshop *shop, const char *room, const PupRoomProfile *profile,
              GError **error)
{
    g_autoptr(PupLock) lock = NULL;
    g_autofree char *path = NULL;
    unsigned version;

    if (!pup_ident_check("room", room, error))
        return FALSE;
    lock = pup_edits_lock_room(shop, room, error);
    if (!lock)
        return FALSE;
    path = pup_room_path(shop, room);
    if (access(path, F_OK) == 0) {
        pup_error_set(error, PUP_ERROR_EXISTS,
                      "room '%s' has a sub-master already, '%s': `pupitre status` says "
                      "how its profile comes back",
                      room, path);
        return FALSE;
    }
    version = pup_workshop_find_master(shop, profile, error);
    if (version == 0 || !pup_workshop_check_pools(shop, error))
        return FALSE;
    if (!shop->dry_run && !make_overlay(shop, path, profile, version, error))
        return FALSE;
    pup_workshop_show_pools(shop);
    return TRUE;
}

void
pup_rebase_clear(PupRebase *rebase)
{
    g_clear_pointer(&rebase->from, g_free);
    g_clear_pointer(&rebase->to, g_free);
}

/* What the sub-master @path stands on and holds. */
static gboolean
read_base(const PupWorkshop *shop, const char *path, PupRebase *rebase, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_auto(PupChain) chain = {0};

    if (pup_chain_read(shop, path, &chain, &why))
        rebase->from = g_strdup_printf("%s@%u", chain.master, chain.master_version);
    else if (!g_error_matches(why, PUP_ERROR, PUP_ERROR_INVALID) &&
             !g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    return TRUE;
}

/* A question takes its time, and others work on meanwhile. */
static gboolean
check_confirmed(const char *path, const PupRebase *confirmed, const PupRebase *rebase,
                GError **error)
{
    if (!confirmed || (g_strcmp0(confirmed->to, rebase->to) == 0 &&
                       rebase->lost_bytes <= confirmed->lost_bytes))
        return TRUE;
    pup_error_set(error, PUP_ERROR_BUSY,
                  "'%s' has changed since you were asked: it would now be made over %s "
                  "and lose %.1f MiB; ask again",
                  path, rebase->to, (double) rebase->lost_bytes / (1 << 20));
    return FALSE;
}

static gboolean
is_damaged(const char *path)
{
    g_autoptr(GError) why = NULL;

    return !pup_whole_check_ours(path, &why) &&
           g_error_matches(why, PUP_ERROR, PUP_ERROR_CORRUPT);
}

/* What cannot be read as a disk holds all that its file does. */
static gboolean
replace_damaged(const PupWorkshop *shop, const char *path, const PupRebase *confirmed,
                const char *backing, PupRebase *rebase, GError **error)
{
    struct stat st;

    rebase->lost_bytes = stat(path, &st) == 0 ? (guint64) st.st_size : 0;
    return check_confirmed(path, confirmed, rebase, error) &&
           (shop->dry_run || pup_workshop_make_overlay(shop, path, backing, error));
}

/* The old file is held open for reading: QEMU lets no writer in whose work would be lost
 * with it. */
static gboolean
replace_overlay(const PupWorkshop *shop, const char *path, const PupRebase *confirmed,
                const char *backing, PupRebase *rebase, GError **error)
{
    g_autoptr(PupDisk) disk =
        pup_disk_open(shop->settings, path, 1, shop->cancellable, error);
    g_autoptr(GArray) runs =
        disk ? pup_disk_runs(disk, 1, shop->cancellable, error) : NULL;

    if (!runs)
        return FALSE;
    rebase->lost_bytes = pup_runs_count(runs, FALSE) * PUP_CHUNK_BYTES;
    return check_confirmed(path, confirmed, rebase, error) &&
           (shop->dry_run || pup_workshop_make_overlay(shop, path, backing, error));
}

/* The version to build on, whose disk starts in @profile's guest; 0 on error. */
static unsigned
find_fitting_master(const PupWorkshop *shop, const char *room,
                    const PupRoomProfile *profile, GError **error)
{
    unsigned version = pup_workshop_find_master(shop, profile, error);
    g_autoptr(PupManifest) master = NULL;

    if (version == 0)
        return 0;
    master =
        pup_workshop_manifest(shop, PUP_KIND_MASTER, profile->master, version, error);
    return master && pup_needs_check(shop, master, room, profile, error) ? version : 0;
}

static gboolean
rebase_locked(const PupWorkshop *shop, const char *room, const PupRoomProfile *profile,
              const PupRebase *confirmed, PupRebase *rebase, GError **error)
{
    g_autofree char *path = pup_room_path(shop, room);
    gboolean there = access(path, F_OK) == 0, damaged = there && is_damaged(path);
    g_autofree char *backing = NULL;
    unsigned version;

    if (there && !read_base(shop, path, rebase, error))
        return FALSE;
    version = find_fitting_master(shop, room, profile, error);
    if (version == 0)
        return FALSE;
    rebase->to = g_strdup_printf("%s@%u", profile->master, version);
    if (damaged)
        g_clear_pointer(&rebase->from, g_free);
    rebase->unchanged = g_strcmp0(rebase->from, rebase->to) == 0;
    if (rebase->unchanged)
        return TRUE;
    backing = pup_backing_master(profile->master, version);
    if (damaged)
        return replace_damaged(shop, path, confirmed, backing, rebase, error);
    if (there)
        return replace_overlay(shop, path, confirmed, backing, rebase, error);
    return shop->dry_run || pup_workshop_make_overlay(shop, path, backing, error);
}

gboolean
pup_room_rebase(const PupWorkshop *shop, const char *room, const PupRoomProfile *profile,
                const PupRebase *confirmed, PupRebase *rebase, GError **error)
{
    PupRebase made = {NULL};
    g_autoptr(PupLock) lock = NULL;

    if (!pup_ident_check("room", room, error))
        return FALSE;
    lock = pup_edits_lock_room(shop, room, error);
    if (!lock || !rebase_locked(shop, room, profile, confirmed, &made, error)) {
        pup_rebase_clear(&made);
        return FALSE;
    }
    *rebase = made;
    return TRUE;
}

gboolean
pup_room_unmake(const PupWorkshop *shop, const char *room, GError **error)
{
    g_autofree char *path = pup_room_path(shop, room);
    g_autoptr(PupLock) lock = pup_edits_lock_room(shop, room, error);

    if (!lock)
        return FALSE;
    if (!shop->dry_run && unlink(path) < 0 && errno != ENOENT) {
        pup_error_set_errno(error, errno, "cannot remove '%s'", path);
        return FALSE;
    }
    pup_workshop_show_pools(shop);
    return TRUE;
}
