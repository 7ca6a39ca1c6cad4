/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * census - the chunks that some versions need, each once, and what each takes
 *
 *     n = pup_census_number(census, &name, &fresh)   0, 1, 2 ... in order of first sight
 *     chunk = pup_census_chunk(census, n)            to be filled in by the caller
 *
 * Numbers stand for names where names would be too large: 4 bytes instead of 32. A chunk
 * takes 48 to 60 bytes here, so a million of them (128 GiB of distinct disk) some 55 MiB.
 *
 * One thread.
 */
#pragma once

#include "lib/name.h"

/* Chunks that a census can hold, 512 TiB of distinct disk; a larger one aborts. */
#define PUP_CENSUS_MAX (G_MAXUINT32 - 1u)

typedef struct {
    PupName name;
    guint32 encoded_bytes; /* in the store */
    guint32 is_page : 1;   /* of a map; else of a disk */
    guint32 shared : 1;    /* more than one version needs it */
    guint32 version : 30;  /* the last that was seen to; 0: none */
} PupCensusChunk;

typedef struct PupCensus PupCensus;

PupCensus *pup_census_new(void);
void pup_census_free(PupCensus *census);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupCensus, pup_census_free)

/* The number of @name; *@fresh: it is new, and its chunk is zeros but for the name. */
guint32 pup_census_number(PupCensus *census, const PupName *name, gboolean *fresh);
/* How many there are. */
guint32 pup_census_n(const PupCensus *census);
/* Chunk @number; belongs to @census and moves with the next new number. */
PupCensusChunk *pup_census_chunk(PupCensus *census, guint32 number);
