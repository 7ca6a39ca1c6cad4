/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Open addressing over an array, at most half full; names are SHA-256, so their first
 * bytes are the hash.
 */
#include "config.h"
#include "server/store/census.h"

#define FIRST_SLOTS 1024u
#define EMPTY G_MAXUINT32

struct PupCensus {
    GArray *chunks; /* of PupCensusChunk */
    guint32 *slots; /* numbers, EMPTY where there is none */
    guint64 mask;   /* number of slots - 1 */
};

static void
make_slots(PupCensus *census, guint64 n_slots)
{
    g_free(census->slots);
    census->slots = g_new(guint32, n_slots);
    memset(census->slots, 0xff, n_slots * sizeof *census->slots);
    census->mask = n_slots - 1;
}

PupCensus *
pup_census_new(void)
{
    PupCensus *census = g_new0(PupCensus, 1);
    census->chunks = g_array_new(FALSE, TRUE, sizeof(PupCensusChunk));
    make_slots(census, FIRST_SLOTS);
    return census;
}

void
pup_census_free(PupCensus *census)
{
    if (!census)
        return;
    g_array_unref(census->chunks);
    g_free(census->slots);
    g_free(census);
}

/* The slot that @name has, or would get. */
static guint32 *
find_slot(PupCensus *census, const PupName *name)
{
    guint64 i;
    memcpy(&i, name->bytes, sizeof i);
    for (i &= census->mask;; i = (i + 1) & census->mask) {
        guint32 *slot = &census->slots[i];
        if (*slot == EMPTY ||
            pup_name_equal(&pup_census_chunk(census, *slot)->name, name))
            return slot;
    }
}

static void
grow(PupCensus *census)
{
    make_slots(census, 2 * (census->mask + 1));
    for (guint32 i = 0; i < census->chunks->len; i++)
        *find_slot(census, &pup_census_chunk(census, i)->name) = i;
}

guint32
pup_census_number(PupCensus *census, const PupName *name, gboolean *fresh)
{
    guint32 *slot = find_slot(census, name);
    *fresh = *slot == EMPTY;
    if (!*fresh)
        return *slot;
    PupCensusChunk chunk = {.name = *name};
    guint32 number = census->chunks->len;
    g_assert(number < PUP_CENSUS_MAX);
    *slot = number;
    g_array_append_val(census->chunks, chunk);
    if (2 * (guint64) census->chunks->len > census->mask)
        grow(census);
    return number;
}

guint32
pup_census_n(const PupCensus *census)
{
    return census->chunks->len;
}

PupCensusChunk *
pup_census_chunk(PupCensus *census, guint32 number)
{
    return &g_array_index(census->chunks, PupCensusChunk, number);
}
