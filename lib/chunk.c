/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The decoder trusts nothing: the frame's own header must say PUP_CHUNK_BYTES before a
 * byte is decompressed, the frame must be all there is, and the plain bytes must have the
 * name that was asked for. zstd's own checksum is left out, the name is a better one.
 */
#include "config.h"
#include "lib/chunk.h"

#include "lib/error.h"

#include <zstd.h>

struct PupChunkCodec {
    ZSTD_CCtx *compressor;
    ZSTD_DCtx *decompressor;
};

PupChunkCodec *
pup_chunk_codec_new(int level)
{
    PupChunkCodec *codec = g_new0(PupChunkCodec, 1);
    codec->compressor = ZSTD_createCCtx();
    codec->decompressor = ZSTD_createDCtx();
    if (!codec->compressor || !codec->decompressor)
        g_error("no memory for a zstd context");
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

size_t
pup_chunk_encode(PupChunkCodec *codec, const void *plain, guint8 *encoded)
{
    /* One byte too little room for a frame that saves nothing: zstd then says no. */
    size_t len = ZSTD_compress2(codec->compressor, encoded + 1, PUP_CHUNK_BYTES - 1,
                                plain, PUP_CHUNK_BYTES);
    if (!ZSTD_isError(len)) {
        encoded[0] = PUP_CHUNK_TAG_ZSTD;
        return 1 + len;
    }
    encoded[0] = PUP_CHUNK_TAG_RAW;
    memcpy(encoded + 1, plain, PUP_CHUNK_BYTES);
    return 1 + PUP_CHUNK_BYTES;
}

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
    if (wrong)
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
    char hex[PUP_NAME_HEX_LEN + 1];
    pup_name_to_hex(name, hex);
    pup_error_set(error, PUP_ERROR_CORRUPT, "chunk %s is damaged: %s", hex, wrong);
    return FALSE;
}
