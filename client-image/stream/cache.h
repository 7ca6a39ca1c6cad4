/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cache - chunks in memory, bounded, the least recently used out first
 *
 * Favoured names, those of the boot profile, go only when no other is left: a seat that
 * has started Windows once should do so again without the network.
 *
 * It does not care what the bytes are: one instance holds encoded chunks (most of the
 * memory), a small one the plain bytes of the hottest.
 *
 * Threads: any.
 */
#pragma once

#include "client-image/stream/buffer.h"
#include "lib/name.h"

typedef struct PupCache PupCache;

/* An empty cache of at most @max_bytes, what it needs to keep an entry included. */
PupCache *pup_cache_new(size_t max_bytes);
void pup_cache_free(PupCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupCache, pup_cache_free)

/* Keep @buffer (a reference of its own) as @name, in place of what was there, and let go
 * of others until the bound holds. One larger than the whole cache is not kept. */
void pup_cache_put(PupCache *cache, const PupName *name, PupBuffer *buffer);

/* The buffer of @name, which becomes the most recently used; NULL when it is not there.
 * New reference. */
PupBuffer *pup_cache_get(PupCache *cache, const PupName *name);

/* From now on @name goes after all that are not favoured, whether it is there already or
 * comes later. Remembering that counts into the bound; what would take more than a
 * quarter of it is not favoured. */
void pup_cache_favour(PupCache *cache, const PupName *name);

/* TRUE when @name is there; its age stays as it is. */
gboolean pup_cache_has(PupCache *cache, const PupName *name);

void pup_cache_remove(PupCache *cache, const PupName *name);

/* Bytes held now, never more than the bound. */
size_t pup_cache_bytes(PupCache *cache);
