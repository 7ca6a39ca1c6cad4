/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * supply - gives the plain bytes of a chunk by its name, wherever they are
 *
 * Order: plain bytes in memory, encoded bytes in memory, a source. Everybody who misses
 * the same chunk at the same time waits for one fetch.
 *
 * Threads: any.
 */
#pragma once

#include "client-image/stream/fetch.h"

typedef struct PupSupply PupSupply;

/* Asked now and then by a thread that waits: FALSE ends its waiting. */
typedef gboolean (*PupStillWanted)(void);

typedef struct {
    PupSource *source;        /* taken over */
    PupReport *report;        /* borrowed */
    PupDiskCache *disk_cache; /* borrowed; keeps what came; NULL: none */
    PupStats *stats;          /* borrowed; NULL: nothing is counted */
    size_t encoded_max_bytes;
    size_t plain_max_bytes;
    unsigned n_threads;
    unsigned batch; /* as in PupFetchConfig; 0: the fastest */
} PupSupplyConfig;

PupSupply *pup_supply_new(const PupSupplyConfig *config);
/* No pup_supply_get() may be under way. */
void pup_supply_free(PupSupply *supply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupSupply, pup_supply_free)

/* What threads with nothing to do call, to have something asked for (PUP_FETCH_LATER);
 * TRUE when they did; one thread at a time. NULL: nothing. When this returns, no thread
 * is in what was set before. */
void pup_supply_set_idle(PupSupply *supply, PupFetchIdle idle, gpointer user);
/* There is more to ask for than idle said last. */
void pup_supply_wake(PupSupply *supply);

/* See that chunk @name (not null) is on its way or in memory. Does not wait. */
void pup_supply_ask(PupSupply *supply, const PupName *name, PupUrgency urgency);

/* TRUE when memory has chunk @name. */
gboolean pup_supply_has(PupSupply *supply, const PupName *name);

/* TRUE when somebody wants chunk @name and it has not come yet. */
gboolean pup_supply_is_coming(PupSupply *supply, const PupName *name);

/* TRUE while memory for encoded chunks is less than three quarters full: what nobody
 * waits for may be asked for. */
gboolean pup_supply_has_room(PupSupply *supply);

/* Chunk @name belongs to the boot profile: caches let go of it last. */
void pup_supply_favour(PupSupply *supply, const PupName *name);

/* The plain bytes of chunk @name (not null) if memory has it, NULL otherwise; does not
 * wait. New reference. */
PupBuffer *pup_supply_peek(PupSupply *supply, const PupName *name);

/* What somebody waited for: its encoded bytes (take a reference to keep them), or NULL
 * when they could not be got. Called without locks held, on any thread that uses the
 * supply, perhaps within a call of its own. */
typedef void (*PupEncodedDone)(gpointer user, PupBuffer *encoded);

/* For another seat: the encoded bytes of chunk @name (not null) when memory has them. New
 * reference. Otherwise NULL; then, when @done is not NULL, they are wanted for a PEER,
 * and
 * @done is called exactly once, perhaps before this returns, at the latest by
 * pup_supply_free(). */
PupBuffer *pup_supply_encoded(PupSupply *supply, const PupName *name, PupEncodedDone done,
                              gpointer user);

/* Wait for chunk @name (not null): PUP_CHUNK_BYTES, checked. New reference; NULL only
 * when
 * @still_wanted() said FALSE. */
PupBuffer *pup_supply_get(PupSupply *supply, const PupName *name,
                          PupStillWanted still_wanted);
