/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record - the head of an encoded chunk in a file that holds many
 *
 * A pack of the store and a segment of a seat's disk cache are both records one after the
 * other: this head, then the encoded bytes. It says what they are and checks itself, so
 * that a file without its index can still be read. Layout: doc/formats.md, "Record".
 *
 * Pure; any thread.
 */
#pragma once

#include "lib/chunk.h"

#define PUP_RECORD_MAGIC "CHNK"
#define PUP_RECORD_END_MAGIC "PEND"

typedef struct {
    char magic[4];
    guint32 length; /* of the encoded chunk, in bytes; little-endian */
    PupName name;
    guint8 check[8]; /* first bytes of the SHA-256 of the 40 before */
} PupRecord;
G_STATIC_ASSERT(sizeof(PupRecord) == 48);

/* @name NULL and @length 0: the end record. */
void pup_record_fill(PupRecord *record, const PupName *name, guint32 length);

typedef enum { PUP_RECORD_BAD, PUP_RECORD_CHUNK, PUP_RECORD_END } PupRecordType;

/* What @record is. A CHUNK has a name, and a length of 2 .. PUP_CHUNK_ENCODED_MAX. */
PupRecordType pup_record_check(const PupRecord *record);
