/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The decoder trusts nothing: the frame's own header must say PUP_CHUNK_BYTES before a
 * byte is decompressed, the frame must be all there is, and the plain bytes must have the
 * name that was asked for. zstd's own checksum is left out, the name is a better one.
 */
#include "config.h"
#include "lib/chunk.h"

#include "lib/error.h"

#include <openssl/evp.h>
#include <zstd.h>

/* Plain bytes of a zstd block. A reader can decode and hash one block while the next is
 * still on its way; and tables for each 32 KiB fit better: on a disk of real files the
 * frames are 1.5 % smaller than with one block of 128 KiB, at the same speed. */
#define BLOCK_BYTES (32u * 1024u)

struct PupChunkCodec {
    ZSTD_CCtx *compressor;
    ZSTD_DCtx *decompressor;
    EVP_MD_CTX *hash;
    /* Of the chunk that comes in pieces: */
    gboolean ahead; /* nothing stood in the way so far */
    gboolean named;
    size_t taken; /* bytes of the frame that were decoded */
    size_t made;  /* plain bytes that were made and hashed */
};

PupChunkCodec *
pup_chunk_codec_new(int level)
{
    PupChunkCodec *codec = g_new0(PupChunkCodec, 1);
    codec->compressor = ZSTD_createCCtx();
    codec->decompressor = ZSTD_createDCtx();
    codec->hash = EVP_MD_CTX_new();
    if (!codec->compressor || !codec->decompressor || !codec->hash)
        g_error("no memory for a codec");
    ZSTD_CCtx_setParameter(codec->compressor, ZSTD_c_compressionLevel, level);
    return codec;
}

void
pup_chunk_codec_free(PupChunkCodec *codec)
{
    if (!codec)
        return;
    ZSTD_freeCCtx(codec->compressor);
    ZSTD_freeDCtx(codec->decompressor);
    EVP_MD_CTX_free(codec->hash);
    g_free(codec);
}

gboolean
pup_chunk_is_zero(const void *data, size_t len)
{
    static const guint8 zeros[64];
    /* Equal to itself moved on by 64 bytes, and its first 64 bytes zero: all zero. The
     * C library's memcmp() is the fastest loop there is for that. */
    if (len <= sizeof zeros)
        return memcmp(data, zeros, len) == 0;
    return memcmp(data, zeros, sizeof zeros) == 0 &&
           memcmp(data, (const guint8 *) data + sizeof zeros, len - sizeof zeros) == 0;
}

/* The length of the frame, 0 when it does not fit into @size bytes. */
static size_t
compress(ZSTD_CCtx *compressor, const guint8 *plain, guint8 *frame, size_t size)
{
    ZSTD_outBuffer to = {frame, size, 0};
    ZSTD_CCtx_reset(compressor, ZSTD_reset_session_only);
    ZSTD_CCtx_setPledgedSrcSize(compressor, PUP_CHUNK_BYTES);
    for (size_t end = BLOCK_BYTES; end <= PUP_CHUNK_BYTES; end += BLOCK_BYTES) {
        ZSTD_inBuffer from = {plain, end, end - BLOCK_BYTES};
        ZSTD_EndDirective how = end == PUP_CHUNK_BYTES ? ZSTD_e_end : ZSTD_e_flush;
        if (ZSTD_compressStream2(compressor, &to, &from, how) != 0)
            return 0;
    }
    return to.pos;
}

size_t
pup_chunk_encode(PupChunkCodec *codec, const void *plain, guint8 *encoded)
{
    /* One byte too little room for a frame that saves nothing. */
    size_t len = compress(codec->compressor, plain, encoded + 1, PUP_CHUNK_BYTES - 1);
    if (len > 0) {
        encoded[0] = PUP_CHUNK_TAG_ZSTD;
        return 1 + len;
    }
    encoded[0] = PUP_CHUNK_TAG_RAW;
    memcpy(encoded + 1, plain, PUP_CHUNK_BYTES);
    return 1 + PUP_CHUNK_BYTES;
}

/* A zstd frame's header, our tag before it, and a byte more than that. */
#define FRAME_HEADER_MAX 20u

/* What is wrong with the frame before it is decompressed; NULL when nothing is. */
static const char *
check_frame(const guint8 *frame, size_t len)
{
    if (len >= PUP_CHUNK_BYTES)
        return "the zstd frame is too long";
    if (ZSTD_getFrameContentSize(frame, len) != PUP_CHUNK_BYTES)
        return "no zstd frame of 131072 plain bytes";
    if (ZSTD_findFrameCompressedSize(frame, len) != len)
        return "the zstd frame is cut or has bytes behind it";
    return NULL;
}

static const char *
decode_zstd(PupChunkCodec *codec, const guint8 *frame, size_t len, guint8 *plain)
{
    const char *wrong = check_frame(frame, len);
    if (wrong)
        return wrong;
    size_t n =
        ZSTD_decompressDCtx(codec->decompressor, plain, PUP_CHUNK_BYTES, frame, len);
    if (ZSTD_isError(n))
        return ZSTD_getErrorName(n);
    return n == PUP_CHUNK_BYTES ? NULL : "the zstd frame holds less than it says";
}

static const char *
decode_raw(const guint8 *bytes, size_t len, guint8 *plain)
{
    if (len != PUP_CHUNK_BYTES)
        return "raw, but not 131072 bytes";
    memcpy(plain, bytes, PUP_CHUNK_BYTES);
    return NULL;
}

static const char *
expand(PupChunkCodec *codec, const guint8 *encoded, size_t len, guint8 *plain)
{
    if (len < 2)
        return "shorter than two bytes";
    if (encoded[0] == PUP_CHUNK_TAG_ZSTD)
        return decode_zstd(codec, encoded + 1, len - 1, plain);
    if (encoded[0] == PUP_CHUNK_TAG_RAW)
        return decode_raw(encoded + 1, len - 1, plain);
    return "unknown tag";
}

static const char *
decode(PupChunkCodec *codec, const guint8 *encoded, size_t len, const PupName *name,
       guint8 *plain)
{
    const char *wrong = expand(codec, encoded, len, plain);
    if (wrong || !name)
        return wrong;
    PupName found;
    pup_name_of(plain, PUP_CHUNK_BYTES, &found);
    return pup_name_equal(&found, name) ? NULL : "its SHA-256 is another";
}

gboolean
pup_chunk_expand(PupChunkCodec *codec, const guint8 *encoded, size_t len, guint8 *plain)
{
    return expand(codec, encoded, len, plain) == NULL;
}

gboolean
pup_chunk_decode(PupChunkCodec *codec, const guint8 *encoded, size_t len,
                 const PupName *name, guint8 *plain, GError **error)
{
    const char *wrong = decode(codec, encoded, len, name, plain);
    if (!wrong)
        return TRUE;
    char hex[PUP_NAME_HEX_LEN + 1] = "(not named)";
    if (name)
        pup_name_to_hex(name, hex);
    pup_error_set(error, PUP_ERROR_CORRUPT, "chunk %s is damaged: %s", hex, wrong);
    return FALSE;
}

void
pup_chunk_begin_unnamed(PupChunkCodec *codec)
{
    ZSTD_DCtx_reset(codec->decompressor, ZSTD_reset_session_only);
    codec->ahead = TRUE;
    codec->named = FALSE;
    codec->taken = 0;
    codec->made = 0;
}

void
pup_chunk_begin(PupChunkCodec *codec)
{
    pup_chunk_begin_unnamed(codec);
    codec->ahead = EVP_DigestInit_ex(codec->hash, EVP_sha256(), NULL) == 1;
    codec->named = TRUE;
}

/* Anything unusual ends the work ahead: pup_chunk_end() then does all of it and judges.
 */
void
pup_chunk_advance(PupChunkCodec *codec, const guint8 *encoded, size_t len, guint8 *plain)
{
    ZSTD_inBuffer from = {encoded + 1, len - 1, codec->taken};
    ZSTD_outBuffer to = {plain, PUP_CHUNK_BYTES, codec->made};
    if (!codec->ahead || len < FRAME_HEADER_MAX)
        return;
    codec->ahead =
        encoded[0] == PUP_CHUNK_TAG_ZSTD &&
        ZSTD_getFrameContentSize(encoded + 1, len - 1) == PUP_CHUNK_BYTES &&
        !ZSTD_isError(ZSTD_decompressStream(codec->decompressor, &to, &from)) &&
        (!codec->named ||
         EVP_DigestUpdate(codec->hash, plain + codec->made, to.pos - codec->made) == 1);
    codec->taken = from.pos;
    codec->made = to.pos;
}

static gboolean
is_named(PupChunkCodec *codec, const PupName *name)
{
    PupName found;

    return EVP_DigestFinal_ex(codec->hash, found.bytes, NULL) == 1 &&
           pup_name_equal(&found, name);
}

gboolean
pup_chunk_end(PupChunkCodec *codec, const guint8 *encoded, size_t len,
              const PupName *name, guint8 *plain, GError **error)
{
    pup_chunk_advance(codec, encoded, len, plain);
    if (codec->ahead && codec->made == PUP_CHUNK_BYTES && codec->taken == len - 1 &&
        check_frame(encoded + 1, len - 1) == NULL && (!name || is_named(codec, name)))
        return TRUE;
    return pup_chunk_decode(codec, encoded, len, name, plain, error);
}
