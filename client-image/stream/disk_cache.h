/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * disk_cache - encoded chunks that outlive the power switch
 *
 * A folder of segments (segment.h), bounded, shared by all rooms and versions: a chunk is
 * a chunk. What is put is written by a thread of the cache's own; when the disk does not
 * keep up, chunks are not kept, and nobody waits. What is got was not checked: the caller
 * checks it against its name, as everything, and says when it is wrong.
 *
 * Room is made by removing the oldest segment. What in it is favoured (the boot profile)
 * or was got since this start is written anew first, so that what a seat needs every day
 * stays while yesterday's goes.
 *
 * Files: those in the folder, doc/formats.md, "Disk cache".
 * Threads: any.
 */
#pragma once

#include "client-image/stream/buffer.h"
#include "client-image/stream/report.h"
#include "lib/name.h"

/* What a cache needs at least. */
#define PUP_DISK_CACHE_MIN_BYTES (8u * 1024u * 1024u)

typedef struct PupDiskCache PupDiskCache;

typedef struct {
    const char *folder; /* holds nothing else; see disk_folder.h */
    guint64 max_bytes;  /* of all files; 0: what the file system allows */
    PupReport *report;  /* borrowed; told when writing ends for good */
} PupDiskCacheConfig;

/* Open the cache in a folder, or make it, and start its thread. Takes time in proportion
 * to the number of segments. Errors: those of pup_disk_folder_open() and
 * pup_segment_open() (but for damage, which costs a segment); INVALID (too small). */
PupDiskCache *pup_disk_cache_open(const PupDiskCacheConfig *config, GError **error);

/* Write what was put, end the thread. */
void pup_disk_cache_free(PupDiskCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupDiskCache, pup_disk_cache_free)

gboolean pup_disk_cache_has(PupDiskCache *cache, const PupName *name);

/* Read @name into @encoded, which has room for PUP_CHUNK_ENCODED_MAX, *@len bytes. FALSE:
 * it is not there, or cannot be read, and then is forgotten. Waits for the disk. */
gboolean pup_disk_cache_get(PupDiskCache *cache, const PupName *name, guint8 *encoded,
                            size_t *len);

/* Keep @encoded (a reference of its own), which was checked, as @name, unless it is there
 * already or too much waits to be written. Never waits. */
void pup_disk_cache_put(PupDiskCache *cache, const PupName *name, PupBuffer *encoded);

/* What was got as @name was wrong: it is not there any more. */
void pup_disk_cache_forget(PupDiskCache *cache, const PupName *name);

/* @name belongs to the boot profile: keep it whenever room is made. */
void pup_disk_cache_favour(PupDiskCache *cache, const PupName *name);

typedef struct {
    guint64 bytes;     /* of all files, now */
    guint64 max_bytes; /* that they may become */
    guint n_chunks;    /* that can be got */
} PupDiskCacheStats;

void pup_disk_cache_stats(PupDiskCache *cache, PupDiskCacheStats *stats);
