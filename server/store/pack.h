/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack - the file that holds encoded chunks: its names, its writer, its reader
 *
 * Layout: doc/formats.md, "Pack". Every record says what it is (name, length, and a check
 * of both), so the index beside a pack can always be made anew from it.
 *
 * Writing, one pack a publish:
 *     writer = pup_pack_writer_new(packs_dir)          nothing on disk yet
 *     pup_pack_writer_put(writer, &name, encoded, len, &error)      from many threads
 *     pup_pack_writer_finish(writer, &error)           pack, then index: durable, visible
 *     pup_pack_writer_free(writer)                     unfinished: as if it never was
 *
 * Reading in order, also what is damaged:
 *     pup_pack_cursor_init(&cursor, fd, size_bytes, "pack x")
 *     while ((step = pup_pack_cursor_next(&cursor, &entry, &error)) != PUP_PACK_END) ...
 */
#pragma once

#include "lib/chunk.h"

#define PUP_PACK_FORMAT 1u
/* A pack's id: 32 hex digits, random; its files are <id>.pack and <id>.idx. */
#define PUP_PACK_ID_LEN 32
#define PUP_PACK_HEADER_BYTES 48u
#define PUP_PACK_RECORD_BYTES 48u /* sizeof(PupRecord) */

typedef struct {
    char text[PUP_PACK_ID_LEN + 1];
} PupPackId;

/* A chunk in a pack, host byte order. The name stands first: an entry is its own key in a
 * table of names. */
typedef struct {
    PupName name;
    guint64 offset; /* of the encoded bytes, in the pack */
    guint32 length; /* of the encoded bytes, 2 .. PUP_CHUNK_ENCODED_MAX */
} PupPackEntry;

void pup_pack_id_new(PupPackId *id);
/* Take the id out of the file name "<id><suffix>"; FALSE when it is not one. */
gboolean pup_pack_id_from_file(const char *file, const char *suffix, PupPackId *id);
/* "DIR/<id><suffix>", new string. */
char *pup_pack_path(const char *dir, const PupPackId *id, const char *suffix);

typedef struct PupPackWriter PupPackWriter;

/* A writer of a new pack in the folder @dir; the file is made by the first put. */
PupPackWriter *pup_pack_writer_new(const char *dir);
/* TRUE when @name was put. Any thread. */
gboolean pup_pack_writer_has(PupPackWriter *writer, const PupName *name);
/* Append a chunk; one that was put before is dropped. Any thread. Errors: NO_SPACE, IO;
 * after one, finish fails too. */
gboolean pup_pack_writer_put(PupPackWriter *writer, const PupName *name,
                             const guint8 *encoded, size_t len, GError **error);
/* Encoded bytes put so far. Any thread. */
guint64 pup_pack_writer_bytes(PupPackWriter *writer);
/* Make the pack and its index durable and visible. With nothing put, does nothing. */
gboolean pup_pack_writer_finish(PupPackWriter *writer, GError **error);
void pup_pack_writer_free(PupPackWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupPackWriter, pup_pack_writer_free)

/* Check the header of the pack open as @fd, @what in messages. Errors: CORRUPT,
 * UNSUPPORTED (newer), IO. */
gboolean pup_pack_check_header(int fd, const PupPackId *id, const char *what,
                               GError **error);

typedef enum {
    PUP_PACK_RECORD, /* *entry is filled in; its bytes were not looked at */
    PUP_PACK_DAMAGE, /* nothing to be made of bytes gap_from .. gap_to - 1 */
    PUP_PACK_END,
    PUP_PACK_FAILED, /* IO: error is set */
} PupPackStep;

typedef struct {
    int fd;
    const char *what;
    guint64 size_bytes;
    guint64 next; /* where the next record begins */
    gboolean ended;
    guint64 gap_from, gap_to;
} PupPackCursor;

void pup_pack_cursor_init(PupPackCursor *cursor, int fd, guint64 size_bytes,
                          const char *what);
/* The next record. Where a record's head is damaged, finds the next whole one behind it
 * and tells of the gap first. A pack that ends without its end record ends with a gap,
 * which is empty (gap_from = gap_to) where it was cut between two records. */
PupPackStep pup_pack_cursor_next(PupPackCursor *cursor, PupPackEntry *entry,
                                 GError **error);
