/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * segment - one file of the disk cache: encoded chunks, one after the other
 *
 * Layout: doc/formats.md, "Disk cache". Appended to until it is full, then sealed: its
 * index is written behind the records, and nothing changes any more. Nothing is synced:
 * a cache may lose what it was about to keep. Opening one that a power cut has left
 * unsealed reads its records one by one and cuts off what is torn; the encoded bytes
 * themselves are not looked at, since whoever reads a chunk checks it against its name.
 *
 *     segment = pup_segment_new(folder, 7, &error)
 *     pup_segment_append(segment, &name, data, len, &entry, &error)
 *     pup_segment_seal(segment, &error)
 *     pup_segment_unref(segment)
 *
 * Threads: pup_segment_read(), _ref() and _unref() any; the rest one at a time.
 */
#pragma once

#include "lib/chunk.h"

/* Of the file's name; its number in 16 hex digits stands before. */
#define PUP_SEGMENT_SUFFIX ".segment"
#define PUP_SEGMENT_NUMBER_LEN 16
/* An entry says where it is in 32 bits. */
#define PUP_SEGMENT_MAX_BYTES (1024u * 1024u * 1024u)

typedef struct PupSegment PupSegment;

typedef struct {
    PupName name;
    guint32 offset; /* of the encoded bytes, in the file */
    guint32 length; /* of the encoded bytes, 2 .. PUP_CHUNK_ENCODED_MAX */
} PupSegmentEntry;

/* An empty segment, file included. Errors: EXISTS, IO, NO_SPACE. */
PupSegment *pup_segment_new(const char *folder, guint64 number, GError **error);

/* One that is there. Where its index is missing or damaged, its records are read up to
 * the first that is not whole, the rest is cut off, and it is open for more. Errors:
 * CORRUPT (not a segment), UNSUPPORTED (newer), NOT_FOUND, IO. */
PupSegment *pup_segment_open(const char *folder, guint64 number, GError **error);

/* The same of a file that is open for reading and writing; @fd is taken over when this
 * succeeds. @path: for messages and removal. */
PupSegment *pup_segment_open_fd(int fd, const char *path, GError **error);

PupSegment *pup_segment_ref(PupSegment *segment);
void pup_segment_unref(PupSegment *segment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupSegment, pup_segment_unref)

gboolean pup_segment_is_sealed(const PupSegment *segment);

/* Size of the file. */
guint64 pup_segment_bytes(const PupSegment *segment);

/* Size that the file will have when @len more encoded bytes are in it and it is sealed.
 */
guint64 pup_segment_bytes_with(const PupSegment *segment, size_t len);

/* Of PupSegmentEntry, in the order in which they came; a name may be there twice. New
 * reference. Errors: CORRUPT, IO. */
GArray *pup_segment_list(PupSegment *segment, GError **error);

/* Append to one that is not sealed; *@entry says where it is. On failure the segment is
 * as before. Errors: NO_SPACE, IO. */
gboolean pup_segment_append(PupSegment *segment, const PupName *name, const guint8 *data,
                            size_t len, PupSegmentEntry *entry, GError **error);

/* Write its index. Errors: NO_SPACE, IO; it is open then as before. */
gboolean pup_segment_seal(PupSegment *segment, GError **error);

/* Read @length bytes at @offset, as an entry says, into @data. Errors: CORRUPT (the file
 * is shorter), IO. */
gboolean pup_segment_read(PupSegment *segment, guint32 offset, guint32 length,
                          guint8 *data, GError **error);

/* Remove the file; whoever holds the segment can still read. */
void pup_segment_remove(PupSegment *segment);

/* The same of one that cannot be opened. */
void pup_segment_remove_file(const char *folder, guint64 number);
