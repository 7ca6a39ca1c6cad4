/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * chunk - 128 KiB of guest disk, and its form in the store and on the wire
 *
 * A chunk is PUP_CHUNK_BYTES of disk at an aligned offset, the disk's last one padded
 * with zeros. Encoded (doc/formats.md, "Chunk"): one tag byte, then either one zstd frame
 * with its content size, or the plain bytes where that is not smaller.
 *
 *     pup_name_of(plain, PUP_CHUNK_BYTES, &name);
 *     enc = pup_chunk_encode(ctx, plain, buf, sizeof buf)      publish
 *     pup_chunk_decode(enc, len, &name, plain, &error)         seat, fsck
 *
 * Decoding checks the name: bytes that come out of it are the ones that were published,
 * whoever sent them.
 *
 * Threads: a PupChunkCodec belongs to one thread at a time; the rest is pure.
 */
#pragma once

#include "lib/name.h"

#define PUP_CHUNK_BYTES (128u * 1024u)
#define PUP_CHUNK_TAG_RAW 'R'
#define PUP_CHUNK_TAG_ZSTD 'Z'
/* The largest encoded chunk: the tag and the plain bytes. */
#define PUP_CHUNK_ENCODED_MAX (1u + PUP_CHUNK_BYTES)
/* zstd level of publish. 3 gives 180-250 MB/s a core and most of the gain. */
#define PUP_CHUNK_LEVEL 3

typedef struct PupChunkCodec PupChunkCodec;

/* A new codec (zstd contexts, about 1 MiB); never NULL. Free with pup_chunk_codec_free().
 */
PupChunkCodec *pup_chunk_codec_new(int level);
void pup_chunk_codec_free(PupChunkCodec *codec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupChunkCodec, pup_chunk_codec_free)

/* TRUE when the @len bytes at @data are all zero. */
gboolean pup_chunk_is_zero(const void *data, size_t len);

/* Encode PUP_CHUNK_BYTES at @plain into @encoded (room for PUP_CHUNK_ENCODED_MAX).
 * Returns the encoded length in bytes, 2 to PUP_CHUNK_ENCODED_MAX. Cannot fail. */
size_t pup_chunk_encode(PupChunkCodec *codec, const void *plain, guint8 *encoded);

/* Decode @len bytes at @encoded into @plain (PUP_CHUNK_BYTES) and check that they are the
 * chunk
 * @name. Errors: CORRUPT (unknown tag, wrong size, zstd says no, hash differs); then
 * @plain holds nothing to be used. */
gboolean pup_chunk_decode(PupChunkCodec *codec, const guint8 *encoded, size_t len,
                          const PupName *name, guint8 *plain, GError **error);

/* The same piece by piece, while the bytes come in: begin, then advance each time that
 * more of them are there (@len: all that came so far, at @encoded), then end with all of
 * them, which answers just as pup_chunk_decode() does. @plain and @encoded stay the same
 * throughout; until end has said TRUE, @plain holds nothing to be used. */
void pup_chunk_begin(PupChunkCodec *codec);
/* In place of begin: it is not named, and end, whose @name is NULL then, only answers
 * whether it could be decoded. For who names many at a time (lib/names.h). */
void pup_chunk_begin_unnamed(PupChunkCodec *codec);
void pup_chunk_advance(PupChunkCodec *codec, const guint8 *encoded, size_t len,
                       guint8 *plain);
gboolean pup_chunk_end(PupChunkCodec *codec, const guint8 *encoded, size_t len,
                       const PupName *name, guint8 *plain, GError **error);

/* Decode without the check, for bytes that passed pup_chunk_decode() before and have not
 * left this process's memory since: hashing is most of the cost. FALSE: they have
 * changed.
 */
gboolean pup_chunk_expand(PupChunkCodec *codec, const guint8 *encoded, size_t len,
                          guint8 *plain);

/* Number of chunks of a disk of @disk_bytes. */
static inline guint64
pup_chunk_count(guint64 disk_bytes)
{
    return disk_bytes / PUP_CHUNK_BYTES + (disk_bytes % PUP_CHUNK_BYTES != 0);
}
