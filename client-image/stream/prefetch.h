/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * prefetch - walks a boot profile, so that a guest finds what it is going to read
 *
 * First the map's pages. Then two walks side by side, both in the profile's order: one
 * through the chunks that this seat owns, which it gets for the whole room, on half of
 * the threads at most; one through all the others, on the rest. One after the other would
 * be slower: while a seat gets its own share from a busy server, most of its own link is
 * free for what its neighbours have got already.
 *
 * Asks for one chunk at a time, when a thread has nothing else to do
 * (pup_supply_set_idle()), and stops while memory is nearly full; so it is never in the
 * way of a guest's read. While the guest moves on it stays close enough before it for the
 * plain bytes to be still there when they are read: what is got further ahead is
 * decompressed twice, and a PC that is busy starting has no time for that. While the
 * guest rests, there is.
 *
 * Threads: any.
 */
#pragma once

#include "client-image/stream/pages.h"

typedef struct PupPrefetch PupPrefetch;

/* TRUE when this seat is to get @name for its neighbours. */
typedef gboolean (*PupOwns)(gpointer user, const PupName *name);

typedef struct {
    PupPages *pages;   /* borrowed */
    PupSupply *supply; /* borrowed */
    PupOwns owns;      /* NULL: this seat is alone */
    gpointer user;
    unsigned max_own; /* own chunks on their way at a time while there are others */
    /* Chunks that it is ahead of a guest that moves on; 0: any number. */
    unsigned max_lead;
} PupPrefetchConfig;

/* A guest that has read nothing of the profile for so long, and does not wait for it,
 * rests. */
#define PUP_PREFETCH_REST_US (100 * 1000)

/* Walk @positions (of guint32, copied; below the disk's chunk count). */
PupPrefetch *pup_prefetch_new(const PupPrefetchConfig *config, const GArray *positions);
void pup_prefetch_free(PupPrefetch *prefetch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupPrefetch, pup_prefetch_free)

/* Ask for the next chunk at @now_us. FALSE when there is none to ask for now. */
gboolean pup_prefetch_step(PupPrefetch *prefetch, gint64 now_us);

/* The guest begins to read chunks @first to @last of the disk. TRUE when step, which may
 * have said FALSE, has more to ask for. */
gboolean pup_prefetch_begin_read(PupPrefetch *prefetch, guint64 first, guint64 last);
/* That read is over. */
void pup_prefetch_end_read(PupPrefetch *prefetch, guint64 first, guint64 last,
                           gint64 now_us);

/* How many of the profile's chunks there are, chunks of zeros aside, and how many of them
 * are in memory now. Both 0 while the map is not here. */
void pup_prefetch_coverage(PupPrefetch *prefetch, guint *n_chunks, guint *n_present);

/* TRUE when everything was asked for, and nothing of it is still on its way. */
gboolean pup_prefetch_is_done(PupPrefetch *prefetch);
