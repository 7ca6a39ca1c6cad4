/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A master is read once: each piece that is read is named, goes into the store as chunks
 * and into the copy under a temporary name (hash.c). What seats will be served is then
 * exactly what sub-masters are made over, whatever happens to the file that was imported.
 * Then the copy moves into its place, the manifest last. A crash before the last step
 * leaves no version, and what it leaves is found by pup_workshop_sweep() and overwritten
 * by the next import.
 */
#include <errno.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/image/hash.h"
#include "server/image/images.h"
#include "server/image/lock.h"
#include "server/image/needs.h"
#include "server/image/qemu_img.h"
#include "server/image/workshop.h"

typedef struct {
    const PupWorkshop *shop;
    const char *name;
    const PupImportSource *from;
    const PupManifest *current; /* NULL for the first version */
    char *path, *temp;
    PupPublishReport report;
} Import;

/* Better said before half an hour of copying than after it. */
static gboolean
check_space(const Import *import, GError **error)
{
    g_autofree char *what = g_strdup_printf("'%s' takes at least", import->from->source);

    return pup_workshop_check_space(import->path, import->from->actual_bytes, what,
                                    error);
}

/* What the disk is called in the store. */
static PupManifest *
describe(const Import *import, PupChunkMap *map)
{
    PupManifest *made =
        pup_manifest_new(PUP_KIND_MASTER, import->name, import->report.version);

    made->disk_bytes = import->report.disk_bytes;
    made->parent = import->current ? import->current->version : 0;
    pup_manifest_set_map(made, map);
    return made;
}

/* Copy @disk, and name and store its chunks; the result is in *@manifest. */
static gboolean
copy_disk(Import *import, PupDisk *disk, PupStoreWrite *write, PupManifest **manifest,
          GError **error)
{
    const PupWorkshop *shop = import->shop;
    g_autoptr(PupDisk) copy =
        pup_disk_create(shop->settings, import->temp, pup_disk_bytes(disk),
                        pup_hash_readers(), shop->cancellable, error);
    g_autoptr(GArray) runs =
        copy ? pup_disk_runs(disk, 0, shop->cancellable, error) : NULL;
    g_autoptr(PupChunkMap) map = NULL;
    PupHashJob job = {.shop = shop,
                      .what = "storing the disk",
                      .disk = disk,
                      .copy = copy,
                      .runs = runs,
                      .write = write};

    if (!runs)
        return FALSE;
    map = pup_chunk_map_new(pup_disk_bytes(disk));
    job.map = map;
    if (!pup_hash_disk(&job, &import->report, error) || !pup_disk_finish(copy, error))
        return FALSE;
    import->report.disk_bytes = pup_disk_bytes(disk);
    *manifest = describe(import, map);
    return TRUE;
}

/* copy_disk() of what is imported, which nobody needs afterwards. */
static gboolean
copy_source(Import *import, PupStoreWrite *write, PupManifest **manifest, GError **error)
{
    const PupImportSource *from = import->from;
    const PupWorkshop *shop = import->shop;
    g_autoptr(PupDisk) disk = NULL;

    if (!pup_image_check(from->source, from->format, shop->cancellable, error))
        return FALSE;
    disk = pup_disk_open_as(shop->settings, from->source, from->format,
                            pup_hash_readers(), shop->cancellable, error);
    if (!disk || !copy_disk(import, disk, write, manifest, error))
        return FALSE;
    g_clear_pointer(&disk, pup_disk_free);
    return !from->copied || from->copied(from->data, error);
}

/* What the copy looks like, and needs: what the version before it did, as long as the
 * disk starts under that firmware, and what was said now. */
static gboolean
settle_needs(Import *import, PupManifest *made, GError **error)
{
    const PupManifest *current = import->current;
    PupPublishReport *report = &import->report;

    if (!pup_look_file(import->shop, import->temp, &report->look, error))
        return FALSE;
    if (current && current->has_needs &&
        !pup_look_refuses(&report->look, current->needs.firmware))
        report->needs = current->needs;
    else
        pup_look_needs(&report->look, import->from->format, &report->needs);
    if (import->shop->needs)
        pup_needs_change_apply(import->shop->needs, &report->needs);
    made->has_needs = TRUE;
    made->needs = report->needs;
    return TRUE;
}

/* Nothing that somebody said or that its disk tells is new. */
static gboolean
is_current(const Import *import, const PupManifest *made)
{
    const PupManifest *current = import->current;

    return current && pup_workshop_same_disk(current, made) &&
           (current->has_needs ? pup_needs_equal(&current->needs, &made->needs)
                               : !import->shop->needs);
}

/* The newest version of this very disk whose file has got lost; 0: there is none. A
 * version that cannot be read is fsck's to name. */
static unsigned
find_lost(const Import *import, const PupManifest *made)
{
    const PupWorkshop *shop = import->shop;
    g_autoptr(GArray) versions =
        pup_store_versions(shop->store, PUP_KIND_MASTER, import->name, NULL);

    for (unsigned i = versions ? versions->len : 0; i-- > 0;) {
        unsigned version = g_array_index(versions, unsigned, i);
        g_autofree char *path = pup_master_path(shop, import->name, version);
        g_autoptr(PupManifest) manifest = NULL;

        if (access(path, F_OK) == 0)
            continue;
        manifest =
            pup_workshop_manifest(shop, PUP_KIND_MASTER, import->name, version, NULL);
        if (manifest && pup_workshop_same_disk(manifest, made))
            return version;
    }
    return 0;
}

/* What was copied is the file of @version, which is this very disk: nothing to do, or
 * that file has got lost, or chunks of it. */
static gboolean
keep(Import *import, PupStoreWrite *write, unsigned version, GError **error)
{
    g_autofree char *path = pup_master_path(import->shop, import->name, version);

    if (!pup_store_write_keep(write, error))
        return FALSE;
    import->report.unchanged = TRUE;
    import->report.version = version;
    if (access(path, F_OK) == 0) {
        unlink(import->temp);
        return TRUE;
    }
    import->report.restored = TRUE;
    return pup_workshop_place(import->temp, path, 0444, error);
}

static gboolean
place_and_commit(Import *import, PupStoreWrite *write, PupManifest *manifest,
                 GError **error)
{
    if (!pup_failpoint("import-copied", error) ||
        g_cancellable_set_error_if_cancelled(import->shop->cancellable, error) ||
        !pup_workshop_place(import->temp, import->path, 0444, error))
        return FALSE;
    if (pup_failpoint("import-placed", error) &&
        pup_workshop_commit(import->shop, write, manifest, error))
        return TRUE;
    /* A commit that failed in its last step may have made the version all the same. */
    if (!pup_workshop_has_version(import->shop, PUP_KIND_MASTER, import->name,
                                  import->report.version))
        unlink(import->path);
    return FALSE;
}

static gboolean
copy_and_store(Import *import, GError **error)
{
    const PupWorkshop *shop = import->shop;
    g_autoptr(PupStoreWrite) write =
        pup_store_begin(shop->store, shop->cancellable, error);
    g_autoptr(PupManifest) manifest = NULL;
    unsigned lost;

    if (!write || !pup_failpoint("import-begun", error) ||
        !copy_source(import, write, &manifest, error) ||
        !settle_needs(import, manifest, error))
        return FALSE;
    lost = find_lost(import, manifest);
    if (lost > 0)
        return keep(import, write, lost, error);
    if (is_current(import, manifest))
        return keep(import, write, import->current->version, error);
    return place_and_commit(import, write, manifest, error);
}

/* Where the new version is to go. Over a store that was restored from an older copy
 * sub-masters may stand on files of that very number: it stays theirs. */
static gboolean
find_place(Import *import, GError **error)
{
    const PupWorkshop *shop = import->shop;
    unsigned version =
        pup_workshop_next_version(shop, PUP_KIND_MASTER, import->name, error);

    if (version == 0)
        return FALSE;
    for (;; version++) {
        g_autofree char *path = pup_master_path(shop, import->name, version);
        if (access(path, F_OK) == 0 &&
            pup_images_hold_master(shop, import->name, version))
            continue;
        import->report.version = version;
        import->path = g_steal_pointer(&path);
        import->temp = pup_workshop_temp_path(import->path);
        return TRUE;
    }
}

static gboolean
import_locked(Import *import, GError **error)
{
    const PupWorkshop *shop = import->shop;
    g_autofree char *masters = pup_settings_path(shop->settings, "images/masters");
    gboolean done;

    import->report.disk_bytes = import->from->virtual_bytes;
    if (!shop->dry_run && !pup_file_make_dir(masters, error))
        return FALSE;
    if (!find_place(import, error) || !check_space(import, error))
        return FALSE;
    if (shop->dry_run)
        return TRUE;
    done = copy_and_store(import, error);
    if (!done)
        unlink(import->temp);
    return done;
}

gboolean
pup_master_import_source(const PupWorkshop *shop, const char *name,
                         const PupImportSource *from, PupPublishReport *report,
                         GError **error)
{
    g_autoptr(PupManifest) current = NULL;
    Import import = {.shop = shop, .name = name, .from = from};
    gboolean done;

    if (!pup_workshop_current(shop, PUP_KIND_MASTER, name, &current, error))
        return FALSE;
    import.current = current;
    done = import_locked(&import, error);
    if (done) {
        pup_workshop_show_pools(shop);
        *report = import.report;
    }
    g_free(import.path);
    g_free(import.temp);
    return done;
}

/* ---- another word on the same disk ---------------------------------------------------
 */

/* The new version's file is the old one's by a second name: neither is ever written. */
static gboolean
link_disk(Import *import, GError **error)
{
    g_autofree char *old =
        pup_master_path(import->shop, import->name, import->current->version);

    if (access(old, F_OK) < 0) {
        pup_workshop_set_lost(import->shop, import->name, import->current->version,
                              error);
        return FALSE;
    }
    unlink(import->temp);
    if (link(old, import->temp) < 0) {
        pup_error_set_errno(error, errno, "cannot make '%s' of '%s'", import->path, old);
        return FALSE;
    }
    return TRUE;
}

static PupManifest *
make_next(const Import *import)
{
    const PupManifest *current = import->current;
    PupManifest *made =
        pup_manifest_new(PUP_KIND_MASTER, import->name, import->report.version);

    made->parent = current->version;
    made->disk_bytes = current->disk_bytes;
    made->n_pages = current->n_pages;
    made->pages = g_memdup2(current->pages, current->n_pages * sizeof *current->pages);
    made->has_needs = TRUE;
    made->needs = import->report.needs;
    return made;
}

static gboolean
commit_next(Import *import, GError **error)
{
    const PupWorkshop *shop = import->shop;
    g_autoptr(PupManifest) made = make_next(import);
    g_autoptr(PupStoreWrite) write = NULL;
    gboolean done;

    if (!link_disk(import, error))
        return FALSE;
    write = pup_store_begin(shop->store, shop->cancellable, error);
    done = write &&
           pup_workshop_inherit_boot_profile(shop, import->current, write, made, error) &&
           place_and_commit(import, write, made, error);
    if (!done)
        unlink(import->temp);
    return done;
}

static gboolean
set_locked(Import *import, GError **error)
{
    const PupManifest *current = import->current;
    PupPublishReport *report = &import->report;

    report->disk_bytes = current->disk_bytes;
    if (!pup_master_needs(import->shop, current, &report->needs, error))
        return FALSE;
    pup_needs_change_apply(import->shop->needs, &report->needs);
    report->unchanged =
        current->has_needs && pup_needs_equal(&current->needs, &report->needs);
    report->version = current->version;
    if (report->unchanged)
        return TRUE;
    return find_place(import, error) &&
           (import->shop->dry_run || commit_next(import, error));
}

gboolean
pup_master_set(const PupWorkshop *shop, const char *name, PupPublishReport *report,
               GError **error)
{
    g_autoptr(PupLock) lock = NULL;
    g_autoptr(PupManifest) current = NULL;
    Import import = {.shop = shop, .name = name};
    gboolean done;

    if (!pup_ident_check("master", name, error) || !pup_workshop_check_key(shop, error))
        return FALSE;
    lock = pup_lock_take(shop->settings, "master", name, error);
    current = lock ? pup_workshop_manifest(shop, PUP_KIND_MASTER, name, 0, error) : NULL;
    if (!current)
        return FALSE;
    import.current = current;
    done = set_locked(&import, error);
    if (done) {
        pup_workshop_show_pools(shop);
        *report = import.report;
    }
    g_free(import.path);
    g_free(import.temp);
    return done;
}
