/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack_format - the heads of packs, records and indexes as bytes; for pack*.c only
 *
 * Layouts: doc/formats.md, "Pack" and "Pack index".
 */
#pragma once

#include "server/store/pack.h"

#define PUP_PACK_MAGIC "PUP-PACK"
#define PUP_PACK_INDEX_MAGIC "PUP-INDX"
#define PUP_PACK_RECORD_MAGIC "CHNK"
#define PUP_PACK_END_MAGIC "PEND"

typedef struct {
    char magic[8];
    guint32 format; /* all numbers little-endian */
    guint32 zero;
    char id[PUP_PACK_ID_LEN];
} PupPackHeader;
G_STATIC_ASSERT(sizeof(PupPackHeader) == PUP_PACK_HEADER_BYTES);

typedef struct {
    char magic[4];
    guint32 length;
    PupName name;
    guint8 check[8]; /* first bytes of the SHA-256 of the 40 before */
} PupPackRecord;
G_STATIC_ASSERT(sizeof(PupPackRecord) == PUP_PACK_RECORD_BYTES);

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

/* @name NULL and @length 0: the end record. */
void pup_pack_record_fill(PupPackRecord *record, const PupName *name, guint32 length);
typedef enum { PUP_RECORD_BAD, PUP_RECORD_CHUNK, PUP_RECORD_END } PupPackRecordType;
PupPackRecordType pup_pack_record_check(const PupPackRecord *record);
