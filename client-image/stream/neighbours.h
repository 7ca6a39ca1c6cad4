/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * neighbours - what makes a seat part of the room's cache, put together
 *
 *     neighbours = pup_neighbours_new(&config)
 *     supply_config.source = pup_neighbours_source(neighbours)
 *     pup_neighbours_serve(neighbours, supply)
 *     ...
 *     pup_neighbours_stop(neighbours)       before pup_supply_free()
 *     pup_neighbours_free(neighbours)       after it
 *
 * Without a seat there are servers only, without a port neither question nor answer, but
 * the server is told our numbers. Nothing here fails for good: a port that is taken is
 * said on standard error and costs the others our share.
 *
 * Threads: any one.
 */
#pragma once

#include "client-image/stream/peers.h"
#include "client-image/stream/supply.h"

typedef struct {
    const char *const *servers; /* URLs, NULL-terminated, at least one */
    const char *room;
    unsigned version;
    const char *seat; /* our MAC; NULL: we are no seat */
    const char *boot; /* of this boot; NULL with @seat NULL */
    unsigned port;    /* for our neighbours; 0: none */
    PupStats *stats;  /* borrowed */
} PupNeighboursConfig;

typedef struct PupNeighbours PupNeighbours;

PupNeighbours *pup_neighbours_new(const PupNeighboursConfig *config);
void pup_neighbours_free(PupNeighbours *neighbours);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupNeighbours, pup_neighbours_free)

/* Where chunks come from, to be taken over by a supply. Once. */
PupSource *pup_neighbours_source(PupNeighbours *neighbours);

/* Serve others from @supply, from now until stop. */
void pup_neighbours_serve(PupNeighbours *neighbours, PupSupply *supply);
void pup_neighbours_stop(PupNeighbours *neighbours);

/* TRUE when nobody else is there to have chunk @name first: we own it, or are alone. */
gboolean pup_neighbours_is_ours(PupNeighbours *neighbours, const PupName *name);

/* The guest reads version @version from now on. */
void pup_neighbours_tell_version(PupNeighbours *neighbours, unsigned version);

/* The version that the server wants warmed up; 0: none. */
unsigned pup_neighbours_warm(PupNeighbours *neighbours);
