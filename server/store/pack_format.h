/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack_format - the heads of packs and indexes as bytes; for pack*.c only
 *
 * Layouts: doc/formats.md, "Pack" and "Pack index".
 */
#pragma once

#include "lib/record.h"
#include "server/store/pack.h"

#define PUP_PACK_MAGIC "PUP-PACK"
#define PUP_PACK_INDEX_MAGIC "PUP-INDX"

typedef struct {
    char magic[8];
    guint32 format; /* all numbers little-endian */
    guint32 zero;
    char id[PUP_PACK_ID_LEN];
} PupPackHeader;
G_STATIC_ASSERT(sizeof(PupPackHeader) == PUP_PACK_HEADER_BYTES);

typedef struct {
    PupPackHeader header;
    guint64 n_entries;
    guint64 pack_bytes;
} PupPackIndexHeader;
G_STATIC_ASSERT(sizeof(PupPackIndexHeader) == 64);

typedef struct {
    PupName name;
    guint64 offset;
    guint32 length;
    guint32 zero;
} PupPackIndexEntry;
G_STATIC_ASSERT(sizeof(PupPackIndexEntry) == 48);

void pup_pack_header_fill(PupPackHeader *header, const char *magic, const PupPackId *id);
/* Errors: CORRUPT, UNSUPPORTED. */
gboolean pup_pack_header_check(const PupPackHeader *header, const char *magic,
                               const PupPackId *id, const char *what, GError **error);
