/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/png.h"

#include <gio/gio.h>
static const guint8 signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
/* 8 bits a channel, RGB, deflate, rows without filter, not interlaced. */
static const guint8 header_tail[5] = {8, 2, 0, 0, 0};

static guint32
crc32(const guint8 *data, size_t len)
{
    guint32 crc = 0xffffffff;

    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? 0xedb88320 ^ (crc >> 1) : crc >> 1;
    }
    return ~crc;
}

static void
append_be32(GByteArray *out, guint32 value)
{
    guint32 be = GUINT32_TO_BE(value);

    g_byte_array_append(out, (const guint8 *) &be, sizeof be);
}

static void
append_chunk(GByteArray *out, const char *type, const guint8 *data, size_t len)
{
    append_be32(out, (guint32) len);
    guint start = out->len;
    g_byte_array_append(out, (const guint8 *) type, 4);
    if (len > 0)
        g_byte_array_append(out, data, (guint) len);
    append_be32(out, crc32(out->data + start, len + 4));
}

/* The rows of @canvas, each a filter byte (0, none) and its RGB bytes. */
static GBytes *
raw_rows(const PupCanvas *canvas)
{
    size_t row_bytes = 1 + 3 * (size_t) canvas->width;
    guint8 *raw = g_malloc(row_bytes * (size_t) canvas->height);

    for (int y = 0; y < canvas->height; y++) {
        guint8 *out = raw + (size_t) y * row_bytes;
        const guint32 *in = pup_canvas_row(canvas, y);
        *out++ = 0;
        for (int x = 0; x < canvas->width; x++, out += 3) {
            out[0] = (guint8) (in[x] >> 16);
            out[1] = (guint8) (in[x] >> 8);
            out[2] = (guint8) in[x];
        }
    }
    return g_bytes_new_take(raw, row_bytes * (size_t) canvas->height);
}

/* Run all of @bytes through @converter; NULL when it refuses or more than @max come. */
static GBytes *
convert(GConverter *converter, GBytes *bytes, size_t max)
{
    g_autoptr(GInputStream) memory = g_memory_input_stream_new_from_bytes(bytes);
    g_autoptr(GInputStream) stream = g_converter_input_stream_new(memory, converter);
    g_autofree guint8 *buf = g_malloc(max);
    gsize len;

    if (!g_input_stream_read_all(stream, buf, max, &len, NULL, NULL))
        return NULL;
    return g_bytes_new_take(g_realloc(g_steal_pointer(&buf), MAX(len, 1)), len);
}

GBytes *
pup_png_encode(const PupCanvas *canvas)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GZlibCompressor) zlib =
        g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB, 6);
    g_autoptr(GBytes) raw = raw_rows(canvas);
    g_autoptr(GBytes) packed =
        convert(G_CONVERTER(zlib), raw, g_bytes_get_size(raw) * 11 / 10 + 1024);
    g_autoptr(GByteArray) header = g_byte_array_new();

    g_assert(packed != NULL);
    append_be32(header, (guint32) canvas->width);
    append_be32(header, (guint32) canvas->height);
    g_byte_array_append(header, header_tail, sizeof header_tail);
    g_byte_array_append(out, signature, sizeof signature);
    append_chunk(out, "IHDR", header->data, header->len);
    append_chunk(out, "IDAT", g_bytes_get_data(packed, NULL), g_bytes_get_size(packed));
    append_chunk(out, "IEND", NULL, 0);
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}
