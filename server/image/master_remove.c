/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who would begin to stand on it while we look is kept out: the rooms whose profiles name
 * the master are locked, as whoever makes a sub-master has its room's lock.
 */
#include "server/image/master_remove.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/ident.h"
#include "server/image/images.h"
#include "server/image/lock.h"
#include "server/image/workshop.h"

typedef struct {
    const PupWorkshop *shop;
    const char *name;
    unsigned version; /* 0: all */
    GArray *leaving;  /* of unsigned */
    GPtrArray *locks;
} Removal;

static void
free_lock(gpointer lock)
{
    pup_lock_free(lock);
}

/* TRUE when @version of @master would go. */
static gboolean
goes(const Removal *job, const char *master, unsigned version)
{
    return g_strcmp0(master, job->name) == 0 &&
           (job->version == 0 || job->version == version);
}

/* The store knows best what there is instead. */
static gboolean
set_missing(const Removal *job, GError **error)
{
    g_autoptr(PupManifest) manifest =
        pup_workshop_manifest(job->shop, PUP_KIND_MASTER, job->name, job->version, error);

    if (manifest)
        pup_error_set(error, PUP_ERROR_CORRUPT,
                      "master '%s' cannot be listed: run `pupitre fsck`", job->name);
    return FALSE;
}

/* The versions that are to go. The newest stays, so that no number is given twice. */
static gboolean
plan(Removal *job, GError **error)
{
    PupStore *store = job->shop->store;
    g_autoptr(GArray) all = pup_store_versions(store, PUP_KIND_MASTER, job->name, error);
    unsigned newest;

    if (!all)
        return FALSE;
    if (all->len == 0 ||
        (job->version > 0 &&
         !pup_workshop_has_version(job->shop, PUP_KIND_MASTER, job->name, job->version)))
        return set_missing(job, error);
    newest = g_array_index(all, unsigned, all->len - 1);
    if (job->version == 0) {
        job->leaving = g_steal_pointer(&all);
        return TRUE;
    }
    if (job->version == newest ||
        job->version == pup_store_current(store, PUP_KIND_MASTER, job->name, NULL)) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "%s@%u is the master's current version: `pupitre master update` "
                      "makes a newer one, `pupitre master remove %s` removes them all",
                      job->name, job->version, job->name);
        return FALSE;
    }
    job->leaving = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_array_append_val(job->leaving, job->version);
    return TRUE;
}

static gboolean
in_use(const Removal *job, const char *by, GError **error)
{
    g_autofree char *label = job->version > 0
                                 ? g_strdup_printf("%s@%u", job->name, job->version)
                                 : g_strdup(job->name);

    pup_error_set(error, PUP_ERROR_BUSY, "master %s was not removed: %s", label, by);
    return FALSE;
}

static gboolean
check_images(const Removal *job, GError **error)
{
    g_autoptr(GPtrArray) images = pup_images_list(job->shop, error);

    for (guint i = 0; images && i < images->len; i++) {
        const PupImage *image = g_ptr_array_index(images, i);
        g_autofree char *by = NULL;
        if (image->kind == PUP_IMAGE_MASTER ||
            !goes(job, image->master, image->master_version))
            continue;
        by = image->kind == PUP_IMAGE_SUB_MASTER
                 ? g_strdup_printf("the sub-master of room '%s' stands on version %u; "
                                   "`pupitre room rebase %s` moves it to the current one",
                                   image->name, image->master_version, image->name)
                 : g_strdup_printf("layer %.12s of a recipe stands on version %u; "
                                   "`pupitre gc` removes those that no room needs",
                                   image->name, image->master_version);
        return in_use(job, by, error);
    }
    return images != NULL;
}

/* What was published of @room from it. */
static gboolean
check_versions(const Removal *job, const char *room, GError **error)
{
    const PupWorkshop *shop = job->shop;
    g_autoptr(GArray) numbers =
        pup_store_versions(shop->store, PUP_KIND_ROOM, room, error);

    for (guint i = 0; numbers && i < numbers->len; i++) {
        g_autoptr(PupManifest) manifest = pup_workshop_manifest(
            shop, PUP_KIND_ROOM, room, g_array_index(numbers, unsigned, i), error);
        g_autofree char *by = NULL;
        if (!manifest)
            return FALSE;
        if (!goes(job, manifest->master, manifest->master_version))
            continue;
        by = g_strdup_printf("%s@%u derives from version %u, and stays as long as the "
                             "room keeps it (see `pupitre room history %s`)",
                             room, manifest->version, manifest->master_version, room);
        return in_use(job, by, error);
    }
    return numbers != NULL;
}

/* What @room's profile wants; the room is locked when that is another version. One that
 * cannot be read may want anything. */
static gboolean
check_profile(Removal *job, const char *room, GError **error)
{
    g_autoptr(PupRoomProfile) profile = pup_catalog_room(job->shop->catalog, room, error);
    g_autofree char *by = NULL;
    PupLock *lock;

    if (!profile || strcmp(profile->master, job->name) != 0)
        return profile != NULL;
    if (job->version == 0 || job->version == profile->master_version) {
        by = g_strdup_printf("it is the master of room '%s', as its profile says; "
                             "`pupitre room edit %s` names another",
                             room, room);
        return in_use(job, by, error);
    }
    lock = pup_lock_take(job->shop->settings, "room", room, error);
    if (lock)
        g_ptr_array_add(job->locks, lock);
    return lock != NULL;
}

/* Profiles first: from then on nobody begins to stand on it. */
static gboolean
check_users(Removal *job, GError **error)
{
    g_auto(GStrv) rooms = pup_catalog_rooms(job->shop->catalog, error);
    g_auto(GStrv) published =
        rooms ? pup_store_names(job->shop->store, PUP_KIND_ROOM, error) : NULL;

    for (char **room = rooms; published && *room; room++)
        if (!check_profile(job, *room, error))
            return FALSE;
    for (char **room = published; published && *room; room++)
        if (!check_versions(job, *room, error))
            return FALSE;
    return published && check_images(job, error);
}

static gboolean
forget(const Removal *job, GError **error)
{
    PupStore *store = job->shop->store;
    unsigned n_gone = 0;

    if (job->version == 0)
        return pup_store_remove(store, PUP_KIND_MASTER, job->name, error);
    return pup_store_remove_versions(store, PUP_KIND_MASTER, job->name, job->leaving,
                                     &n_gone, error);
}

static gboolean
remove_files(const Removal *job, PupMasterRemoval *removal, GError **error)
{
    for (guint i = 0; i < job->leaving->len; i++) {
        g_autofree char *path = pup_master_path(job->shop, job->name,
                                                g_array_index(job->leaving, unsigned, i));
        struct stat st;
        if (stat(path, &st) == 0)
            removal->file_bytes += (guint64) st.st_blocks * 512;
        if (!job->shop->dry_run && unlink(path) < 0 && errno != ENOENT) {
            pup_error_set_errno(error, errno, "cannot remove '%s'", path);
            return FALSE;
        }
    }
    removal->n_versions = job->leaving->len;
    return TRUE;
}

static gboolean
remove_locked(Removal *job, PupMasterRemoval *removal, GError **error)
{
    return plan(job, error) && check_users(job, error) &&
           (job->shop->dry_run ||
            (forget(job, error) && pup_failpoint("master-forgotten", error))) &&
           remove_files(job, removal, error);
}

gboolean
pup_master_remove(const PupWorkshop *shop, const char *name, unsigned version,
                  PupMasterRemoval *removal, GError **error)
{
    g_autoptr(GPtrArray) locks = g_ptr_array_new_with_free_func(free_lock);
    g_autoptr(PupLock) lock = NULL;
    Removal job = {.shop = shop, .name = name, .version = version, .locks = locks};
    PupMasterRemoval found = {0};
    gboolean done;

    if (!pup_ident_check("master", name, error))
        return FALSE;
    lock = pup_lock_take(shop->settings, "master", name, error);
    done = lock && remove_locked(&job, &found, error);
    g_clear_pointer(&job.leaving, g_array_unref);
    if (!done)
        return FALSE;
    *removal = found;
    pup_workshop_show_pools(shop);
    return TRUE;
}
