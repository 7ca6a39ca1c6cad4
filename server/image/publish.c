/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A version is its master's map with the chunks replaced that the overlay, and the layers
 * under it, hold. Which those are, their own tables say, so neither the master nor the
 * untouched part of the disk is read, and of the map only the pages that change are
 * loaded. What a sub-master derives from is taken from the image itself, not from the
 * profile, which may have been edited since.
 *
 * The store's commit moves the room's name last, or makes the version the room's canary;
 * a crash at any point before leaves the old version current. While a canary is
 * undecided, only another one may take its place: else the next of many publishes would
 * give the room what nobody has tried.
 */
#include <string.h>
#include <unistd.h>

#include "lib/domain_template.h"
#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/image/canary.h"
#include "server/image/chain.h"
#include "server/image/edits.h"
#include "server/image/hash.h"
#include "server/image/needs.h"
#include "server/image/retention.h"
#include "server/image/runs.h"
#include "server/image/timezone.h"
#include "server/image/workshop.h"

#define TEMPLATE_MAX_BYTES (256u * 1024u)
#define INSTALLED_TEMPLATE PUP_PKGDATADIR "/templates/domain.xml"

typedef struct {
    const PupWorkshop *shop;
    const char *room;
    const char *path;   /* of the disk: the sub-master, or what is to become it */
    const char *canary; /* seat (name or MAC) that tries it out; NULL: for the room */
    char *domain_template;
    PupRoomProfile *profile;
    PupManifest *master;  /* that the sub-master derives from */
    PupManifest *current; /* version of the room, or its canary, or NULL */
    unsigned n_layers;    /* between the disk and its master */
    PupTrial trial;
    PupDisk *disk;
    GArray *runs; /* what the overlay and its layers hold */
    PupPublishReport report;
} Publish;

static void
publish_clear(Publish *publish)
{
    g_clear_pointer(&publish->runs, g_array_unref);
    pup_disk_free(publish->disk);
    pup_manifest_free(publish->current);
    pup_manifest_free(publish->master);
    pup_room_profile_free(publish->profile);
    g_free(publish->domain_template);
}

/* The template of a room of @profile, settled; new string. */
static char *
read_template(const PupWorkshop *shop, const PupRoomProfile *profile, GError **error)
{
    const char *path = shop->domain_template;
    g_autoptr(GBytes) bytes =
        pup_file_read(path ? path : INSTALLED_TEMPLATE, TEMPLATE_MAX_BYTES, error);
    g_autofree char *text = NULL;
    g_autofree char *rule = NULL;

    if (!bytes)
        return NULL;
    if (pup_room_profile_wants_local_time(profile)) {
        rule = pup_timezone_rule(profile->timezone, error);
        if (!rule)
            return NULL;
    }
    text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    return pup_domain_template_settle(text, profile, rule, error);
}

/* The master's version that the image at publish->path says it derives from. */
static gboolean
find_master(Publish *publish, GError **error)
{
    const PupWorkshop *shop = publish->shop;
    g_auto(PupChain) chain = {0};

    if (!pup_chain_read_whole(shop, publish->path, &chain, error))
        return FALSE;
    publish->n_layers = chain.layers->len;
    publish->master = pup_workshop_manifest(shop, PUP_KIND_MASTER, chain.master,
                                            chain.master_version, error);
    if (!publish->master)
        return FALSE;
    if (chain.virtual_bytes >= publish->master->disk_bytes)
        return TRUE;
    pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                  "'%s' was made smaller than its master %s@%u", publish->path,
                  chain.master, chain.master_version);
    return FALSE;
}

/* The version that this one comes after: the canary whose place it takes, or the room's
 * current one. */
static gboolean
find_current(Publish *publish, GError **error)
{
    const PupWorkshop *shop = publish->shop;
    unsigned version = publish->trial.now.version;

    if (version == 0)
        return pup_workshop_current(shop, PUP_KIND_ROOM, publish->room, &publish->current,
                                    error);
    publish->current =
        pup_workshop_manifest(shop, PUP_KIND_ROOM, publish->room, version, error);
    return publish->current != NULL;
}

/* Everything that can be known before a chunk is read. */
static gboolean
prepare(Publish *publish, GError **error)
{
    const PupWorkshop *shop = publish->shop;

    publish->profile = pup_catalog_room(shop->catalog, publish->room, error);
    if (!publish->profile)
        return FALSE;
    if (access(publish->path, F_OK) < 0) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND,
                      "room '%s' has no sub-master '%s': restore it from a backup, or "
                      "`pupitre room "
                      "rebase %s` makes it afresh from its master",
                      publish->room, publish->path, publish->room);
        return FALSE;
    }
    publish->domain_template = read_template(shop, publish->profile, error);
    if (!publish->domain_template ||
        !pup_trial_plan(shop, publish->room, publish->profile, publish->canary,
                        &publish->trial, error) ||
        !find_master(publish, error) ||
        !pup_needs_check(shop, publish->master, publish->room, publish->profile, error) ||
        !find_current(publish, error))
        return FALSE;
    pup_needs_say(shop, publish->master, publish->room, publish->profile);
    publish->report.on_trial = publish->canary != NULL;
    publish->report.version =
        pup_workshop_next_version(shop, PUP_KIND_ROOM, publish->room, error);
    return publish->report.version > 0;
}

static gboolean
open_overlay(Publish *publish, GError **error)
{
    const PupWorkshop *shop = publish->shop;

    publish->disk = pup_disk_open(shop->settings, publish->path, pup_hash_readers(),
                                  shop->cancellable, error);
    if (!publish->disk)
        return FALSE;
    publish->report.disk_bytes = pup_disk_bytes(publish->disk);
    publish->runs =
        pup_disk_runs(publish->disk, 1 + publish->n_layers, shop->cancellable, error);
    return publish->runs != NULL;
}

/* The master's map, for a disk that may have been made larger: what lies behind the
 * master's end is zeros. */
static PupChunkMap *
map_of_master(const Publish *publish, GError **error)
{
    guint64 disk_bytes = pup_disk_bytes(publish->disk);
    guint64 n_pages = pup_chunk_map_pages_for(disk_bytes);
    g_autofree PupName *pages = g_new0(PupName, n_pages);

    memcpy(pages, publish->master->pages, publish->master->n_pages * sizeof *pages);
    return pup_chunk_map_new_from_pages(disk_bytes, pages, n_pages, error);
}

/* Load the pages that hold the chunks of publish->runs. */
static gboolean
load_pages(const Publish *publish, PupChunkMap *map, GError **error)
{
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);

    for (unsigned i = 0; i < publish->runs->len; i++) {
        const PupRun *run = &g_array_index(publish->runs, PupRun, i);
        guint64 last = pup_chunk_map_page_of(run->first + run->n - 1);

        for (guint64 page = pup_chunk_map_page_of(run->first); page <= last; page++) {
            if (pup_chunk_map_page_loaded(map, page))
                continue;
            if (!pup_store_get(publish->shop->store, pup_chunk_map_page_name(map, page),
                               plain, error) ||
                !pup_chunk_map_load_page(map, page, plain, error)) {
                g_prefix_error(error,
                               "map of master %s@%u (`pupitre fsck` says what mends "
                               "it): ",
                               publish->master->name, publish->master->version);
                return FALSE;
            }
        }
    }
    return TRUE;
}

static PupManifest *
make_manifest(Publish *publish, const PupChunkMap *map)
{
    const PupManifest *current = publish->current;
    PupManifest *made =
        pup_manifest_new(PUP_KIND_ROOM, publish->room, publish->report.version);

    made->disk_bytes = publish->report.disk_bytes;
    pup_manifest_set_map(made, map);
    made->master = g_strdup(publish->master->name);
    made->master_version = publish->master->version;
    made->guest = publish->profile->guest;
    made->cache_mib = publish->profile->cache_mib;
    made->domain_template = g_steal_pointer(&publish->domain_template);
    made->parent = current ? current->version : 0;
    return made;
}

static gboolean
settings_are(const PupManifest *current, const PupRoomProfile *profile,
             const char *domain_template)
{
    return pup_guest_equal(&current->guest, &profile->guest) &&
           current->cache_mib == profile->cache_mib &&
           g_strcmp0(current->domain_template, domain_template) == 0;
}

gboolean
pup_room_settings_equal(const PupWorkshop *shop, const PupRoomProfile *profile,
                        const PupManifest *manifest, gboolean *equal, GError **error)
{
    g_autofree char *domain_template = read_template(shop, profile, error);

    if (!domain_template)
        return FALSE;
    *equal = settings_are(manifest, profile, domain_template);
    return TRUE;
}

static gboolean
is_unchanged(const Publish *publish, const PupManifest *made)
{
    const PupManifest *current = publish->current;

    return current && pup_workshop_same_disk(current, made) &&
           strcmp(current->master, made->master) == 0 &&
           current->master_version == made->master_version &&
           settings_are(current, publish->profile, made->domain_template);
}

/* The same version as before; but another seat may be to try it out, and what of it the
 * store had lost is there again. */
static gboolean
keep_version(Publish *publish, PupStoreWrite *write, GError **error)
{
    if (!pup_store_write_keep(write, error))
        return FALSE;
    publish->report.unchanged = TRUE;
    publish->report.on_trial = publish->trial.now.version > 0;
    publish->report.version = publish->current->version;
    return pup_trial_move(publish->shop, publish->room, &publish->trial, error);
}

static gboolean
write_version(Publish *publish, PupStoreWrite *write, GError **error)
{
    const PupWorkshop *shop = publish->shop;
    g_autoptr(PupChunkMap) map = map_of_master(publish, error);
    g_autoptr(PupManifest) manifest = NULL;
    PupHashJob job = {.shop = shop,
                      .what = "storing what changed",
                      .disk = publish->disk,
                      .runs = publish->runs,
                      .write = write,
                      .map = map};

    if (!map || !load_pages(publish, map, error))
        return FALSE;
    if (!pup_failpoint("publish-planned", error) ||
        !pup_hash_disk(&job, &publish->report, error))
        return FALSE;
    if (!pup_failpoint("publish-hashed", error))
        return FALSE;
    manifest = make_manifest(publish, map);
    if (is_unchanged(publish, manifest))
        return keep_version(publish, write, error);
    if (publish->canary)
        pup_store_write_try_out(write, publish->trial.seat);
    if (publish->current && !pup_workshop_inherit_boot_profile(shop, publish->current,
                                                               write, manifest, error))
        return FALSE;
    return !g_cancellable_set_error_if_cancelled(shop->cancellable, error) &&
           pup_workshop_commit(shop, write, manifest, error);
}

static gboolean
publish_disk(Publish *publish, GError **error)
{
    const PupWorkshop *shop = publish->shop;
    g_autoptr(PupStoreWrite) write = NULL;

    if (!prepare(publish, error) || !open_overlay(publish, error))
        return FALSE;
    if (shop->dry_run) {
        publish->report.bytes_read =
            pup_runs_count(publish->runs, TRUE) * PUP_CHUNK_BYTES;
        return TRUE;
    }
    write = pup_store_begin(shop->store, shop->cancellable, error);
    return write && write_version(publish, write, error);
}

/* What is published is published: that somebody else is busy with the store, or whatever
 * else may hinder this, is no failure of the publish. gc does it again and tells. */
static void
retire(Publish *publish)
{
    const PupWorkshop *shop = publish->shop;
    g_autoptr(GArray) versions = pup_retention_room(shop, publish->room, NULL);

    if (!versions || !pup_retention_apply(shop, PUP_KIND_ROOM, publish->room, versions,
                                          &publish->report.n_retired, NULL))
        publish->report.n_retired = 0;
}

gboolean
pup_room_publish_locked(const PupWorkshop *shop, const char *room, const char *path,
                        const char *canary, PupPublishReport *report, GError **error)
{
    Publish publish = {.shop = shop, .room = room, .path = path, .canary = canary};
    gboolean done = publish_disk(&publish, error);

    if (done && !shop->dry_run)
        retire(&publish);
    if (done)
        *report = publish.report;
    publish_clear(&publish);
    return done;
}

gboolean
pup_room_publish(const PupWorkshop *shop, const char *room, const char *canary,
                 PupPublishReport *report, GError **error)
{
    g_autoptr(PupLock) lock = NULL;
    g_autofree char *path = NULL;

    if (!pup_ident_check("room", room, error) || !pup_workshop_check_key(shop, error))
        return FALSE;
    lock = pup_edits_lock_room(shop, room, error);
    path = pup_room_path(shop, room);
    return lock && pup_room_publish_locked(shop, room, path, canary, report, error);
}
