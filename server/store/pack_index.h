/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack_index - which chunks a pack holds, and where
 *
 * Layout: doc/formats.md, "Pack index": sorted by name, with a checksum over all of it.
 * It is mapped, not read, and checked whole when it is opened: behind that, entries are
 * trusted to lie inside the pack.
 *
 * Threads: immutable, any.
 */
#pragma once

#include "server/store/pack.h"

/* 22 million chunks, 2.7 TiB of disk in one publish. */
#define PUP_PACK_INDEX_MAX_BYTES (1024u * 1024u * 1024u)

typedef struct PupPackIndex PupPackIndex;

/* The bytes of an index of @entries (of PupPackEntry; gets sorted; of a name that is
 * there twice the first in the pack is kept). New GBytes. */
GBytes *pup_pack_index_format(GArray *entries, const PupPackId *id, guint64 pack_bytes);

/* Check @bytes and keep a reference. @what names the file in messages. Errors: CORRUPT,
 * UNSUPPORTED (newer). */
PupPackIndex *pup_pack_index_parse(GBytes *bytes, const PupPackId *id, const char *what,
                                   GError **error);
/* Read and check the file @path. Errors: those, NOT_FOUND, IO. */
PupPackIndex *pup_pack_index_open(const char *path, const PupPackId *id, GError **error);
void pup_pack_index_free(PupPackIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupPackIndex, pup_pack_index_free)

guint32 pup_pack_index_n_entries(const PupPackIndex *index);
/* The whole pack's size in bytes when it was written. */
guint64 pup_pack_index_pack_bytes(const PupPackIndex *index);
/* The name of entry @i; belongs to @index. */
const PupName *pup_pack_index_name(const PupPackIndex *index, guint32 i);
void pup_pack_index_get(const PupPackIndex *index, guint32 i, PupPackEntry *entry);
/* The number of @name's entry; FALSE when it is not there. */
gboolean pup_pack_index_find(const PupPackIndex *index, const PupName *name, guint32 *i);
