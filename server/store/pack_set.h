/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack_set - some packs, and where each of their chunks is
 *
 * Threads: immutable, any; references are counted atomically.
 */
#pragma once

#include "server/store/pack_file.h"

typedef struct PupPackSet PupPackSet;

/* Which entry of which pack. */
typedef struct {
    guint32 pack, entry;
} PupPlace;

/* A set of @packs (of PupPack; references are taken). The largest comes first: of a chunk
 * in several packs, the largest one's copy counts. */
PupPackSet *pup_pack_set_new(GPtrArray *packs);
PupPackSet *pup_pack_set_ref(PupPackSet *set);
void pup_pack_set_unref(PupPackSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupPackSet, pup_pack_set_unref)

guint32 pup_pack_set_n_packs(const PupPackSet *set);
/* Pack @i; belongs to @set. */
PupPack *pup_pack_set_pack(const PupPackSet *set, guint32 i);
/* The pack named @id, or NULL; belongs to @set. */
PupPack *pup_pack_set_by_id(const PupPackSet *set, const PupPackId *id);
/* Where chunk @name is; FALSE when in none. */
gboolean pup_pack_set_find(const PupPackSet *set, const PupName *name, PupPlace *place);
