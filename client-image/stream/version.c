/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/version.h"

struct PupVersion {
    PupVersionConfig config;
    PupManifest *manifest;
    PupPages *pages; /* of disk */
    PupDisk *disk;
    PupRecorder *recorder;
    PupLearn *learn;
    PupPrefetch *prefetch; /* atomic; NULL until the boot profile has come */
};

static void
learned(gpointer user, const GArray *positions)
{
    PupVersion *version = user;
    const PupVersionConfig *config = &version->config;
    PupPrefetchConfig prefetch = {
        .pages = version->pages,
        .supply = config->supply,
        .owns = config->owns,
        .user = config->user,
        .max_own = config->max_own,
        .max_lead = config->max_lead,
    };

    pup_disk_list(version->disk, positions);
    g_atomic_pointer_set(&version->prefetch, pup_prefetch_new(&prefetch, positions));
    pup_supply_wake(config->supply);
}

static void
reads(gpointer user, guint64 first, guint64 last, gboolean begins)
{
    PupVersion *version = user;
    PupPrefetch *prefetch = g_atomic_pointer_get(&version->prefetch);
    gint64 now_us = g_get_monotonic_time();

    if (begins)
        pup_recorder_touch(version->recorder, first, last, now_us);
    if (prefetch && begins && pup_prefetch_begin_read(prefetch, first, last))
        pup_supply_wake(version->config.supply);
    else if (prefetch && !begins)
        pup_prefetch_end_read(prefetch, first, last, now_us);
}

static PupDisk *
make_disk(PupVersion *version)
{
    PupDiskConfig config = {
        .pages = version->pages,
        .supply = version->config.supply,
        .reads = reads,
        .user = version,
        .max_ahead = version->config.max_ahead,
        .keep_chunks = version->config.keep_chunks,
    };

    return pup_disk_new(&config);
}

static PupLearn *
start_learning(PupVersion *version)
{
    PupLearnConfig config = {
        .servers = version->config.servers,
        .room = version->manifest->name,
        .version = version->manifest->version,
        .n_chunks = pup_pages_n_chunks(version->pages),
        .mac = version->config.mac,
        .recorder = version->recorder,
        .learned = learned,
        .user = version,
    };

    return pup_learn_new(&config);
}

PupVersion *
pup_version_new(const PupVersionConfig *config, PupManifest *manifest, GError **error)
{
    PupChunkMap *map = pup_manifest_map(manifest, error);
    PupVersion *version;

    if (!map) {
        pup_manifest_free(manifest);
        return NULL;
    }
    version = g_new0(PupVersion, 1);
    version->config = *config;
    version->manifest = manifest;
    version->pages = pup_pages_new(map, config->supply);
    version->recorder = pup_recorder_new(pup_pages_n_chunks(version->pages));
    version->disk = make_disk(version);
    version->learn = start_learning(version);
    return version;
}

void
pup_version_free(PupVersion *version)
{
    if (!version)
        return;
    pup_learn_free(version->learn);
    pup_prefetch_free(version->prefetch);
    pup_disk_free(version->disk);
    pup_recorder_free(version->recorder);
    pup_manifest_free(version->manifest);
    g_free(version);
}

unsigned
pup_version_number(const PupVersion *version)
{
    return version->manifest->version;
}

PupDisk *
pup_version_disk(PupVersion *version)
{
    return version->disk;
}

gboolean
pup_version_step(PupVersion *version)
{
    PupPrefetch *prefetch = g_atomic_pointer_get(&version->prefetch);

    return prefetch && pup_prefetch_step(prefetch, g_get_monotonic_time());
}

gboolean
pup_version_walks(PupVersion *version)
{
    PupPrefetch *prefetch = g_atomic_pointer_get(&version->prefetch);
    guint n_chunks, n_present;

    if (!prefetch)
        return FALSE;
    pup_prefetch_coverage(prefetch, &n_chunks, &n_present);
    return n_chunks == 0 || n_present < n_chunks;
}

void
pup_version_guest_ready(PupVersion *version)
{
    pup_recorder_end(version->recorder);
    pup_learn_hurry(version->learn);
}

void
pup_version_coverage(PupVersion *version, guint *n_chunks, guint *n_present)
{
    PupPrefetch *prefetch = g_atomic_pointer_get(&version->prefetch);

    *n_chunks = *n_present = 0;
    if (prefetch)
        pup_prefetch_coverage(prefetch, n_chunks, n_present);
}

gboolean
pup_version_is_fetched(PupVersion *version)
{
    PupPrefetch *prefetch = g_atomic_pointer_get(&version->prefetch);

    return prefetch && pup_prefetch_is_done(prefetch);
}
