/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/source.h"

typedef struct {
    PupSource source;
    PupDiskCache *cache;
    PupSource *behind;
    PupStats *stats;
} DiskSource;

static gboolean
disk_get(PupSource *source, PupHttp *http, const PupName *name, const PupUrgency *urgency,
         PupHttpBuffer *encoded, GError **error)
{
    DiskSource *disk = (DiskSource *) source;
    size_t len;

    g_return_val_if_fail(encoded->size >= PUP_CHUNK_ENCODED_MAX, FALSE);
    if (!pup_disk_cache_get(disk->cache, name, encoded->data, &len))
        return disk->behind->ops->get(disk->behind, http, name, urgency, encoded, error);
    pup_stats_add(disk->stats, PUP_STAT_DISK_BYTES, len);
    encoded->len = 0;
    if (encoded->came)
        encoded->came(encoded);
    encoded->len = len;
    if (encoded->came)
        encoded->came(encoded);
    return TRUE;
}

/* What the cache has was what it gave: it is asked first. */
static void
disk_corrupt(PupSource *source, PupHttp *http, const PupName *name)
{
    DiskSource *disk = (DiskSource *) source;

    if (pup_disk_cache_has(disk->cache, name))
        pup_disk_cache_forget(disk->cache, name);
    else
        disk->behind->ops->corrupt(disk->behind, http, name);
}

static void
disk_free(PupSource *source)
{
    DiskSource *disk = (DiskSource *) source;

    disk->behind->ops->free(disk->behind);
    g_free(disk);
}

static const PupSourceOps disk_ops = {
    .get = disk_get,
    .corrupt = disk_corrupt,
    .free = disk_free,
};

PupSource *
pup_source_disk_new(PupDiskCache *cache, PupSource *behind, PupStats *stats)
{
    DiskSource *disk = g_new0(DiskSource, 1);

    disk->source.ops = &disk_ops;
    disk->cache = cache;
    disk->behind = behind;
    disk->stats = stats;
    return &disk->source;
}
