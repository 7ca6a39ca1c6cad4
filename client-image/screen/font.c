/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/font.h"

#include <gio/gio.h>
#include <string.h>

#include "lib/error.h"
#include "lib/file.h"

struct PupFont {
    int width, height;
    int row_bytes;
    unsigned n_glyphs;
    guint8 *bits;       /* n_glyphs * height * row_bytes */
    GHashTable *glyphs; /* character -> glyph; NULL: glyph n is character n */
};

struct PupFonts {
    GPtrArray *regular, *bold; /* of PupFont, smallest first */
};

/* Where the parts of a font file are, whatever its version. */
typedef struct {
    guint32 version, header_bytes, n_glyphs, glyph_bytes, height, width;
    gboolean has_table;
} PsfHeader;

static guint32
le32(const guint8 *at)
{
    guint32 value;

    memcpy(&value, at, sizeof value);
    return GUINT32_FROM_LE(value);
}

static gboolean
read_header_1(const guint8 *data, PsfHeader *header)
{
    guint8 mode = data[2];

    header->version = 1;
    header->header_bytes = 4;
    header->n_glyphs = mode & 1 ? 512 : 256;
    header->has_table = (mode & 6) != 0;
    header->glyph_bytes = header->height = data[3];
    header->width = 8;
    return TRUE;
}

static gboolean
read_header_2(const char *name, const guint8 *data, PsfHeader *header, GError **error)
{
    if (le32(data + 4) != 0) {
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "font '%s' is PSF 2 of a newer revision, %u", name, le32(data + 4));
        return FALSE;
    }
    header->version = 2;
    header->header_bytes = le32(data + 8);
    header->has_table = (le32(data + 12) & 1) != 0;
    header->n_glyphs = le32(data + 16);
    header->glyph_bytes = le32(data + 20);
    header->height = le32(data + 24);
    header->width = le32(data + 28);
    return TRUE;
}

static gboolean
read_header(const char *name, const guint8 *data, size_t len, PsfHeader *header,
            GError **error)
{
    if (len >= 4 && data[0] == 0x36 && data[1] == 0x04)
        return read_header_1(data, header);
    if (len >= 32 && le32(data) == 0x864ab572)
        return read_header_2(name, data, header, error);
    pup_error_set(error, PUP_ERROR_CORRUPT, "font '%s' is not a PSF font", name);
    return FALSE;
}

/* TRUE when the header's numbers are sane and the glyphs are all there. */
static gboolean
header_fits(const PsfHeader *header, size_t len)
{
    if (header->width == 0 || header->width > PUP_FONT_MAX_SIDE || header->height == 0 ||
        header->height > PUP_FONT_MAX_SIDE || header->n_glyphs == 0 ||
        header->n_glyphs > PUP_FONT_MAX_GLYPHS ||
        header->header_bytes < (header->version == 1 ? 4 : 32) ||
        header->header_bytes > len ||
        header->glyph_bytes != header->height * ((header->width + 7) / 8))
        return FALSE;
    return (len - header->header_bytes) / header->glyph_bytes >= header->n_glyphs;
}

static void
map(PupFont *font, gunichar character, unsigned glyph)
{
    /* The first glyph that claims a character has it. */
    if (!g_hash_table_contains(font->glyphs, GUINT_TO_POINTER(character)))
        g_hash_table_insert(font->glyphs, GUINT_TO_POINTER(character),
                            GUINT_TO_POINTER(glyph));
}

/* PSF 1: 16-bit characters, 0xfffe starts sequences (which we do not draw), 0xffff ends
 * the glyph. FALSE when a glyph's entry is cut off. */
static gboolean
read_table_1(PupFont *font, const guint8 *at, const guint8 *end)
{
    for (unsigned glyph = 0; glyph < font->n_glyphs; glyph++) {
        gboolean sequence = FALSE;
        for (;; at += 2) {
            if (end - at < 2)
                return FALSE;
            gunichar character = (gunichar) (at[0] | at[1] << 8);
            if (character == 0xffff)
                break;
            sequence |= character == 0xfffe;
            if (!sequence)
                map(font, character, glyph);
        }
        at += 2;
    }
    return TRUE;
}

/* PSF 2: UTF-8, 0xfe starts sequences, 0xff ends the glyph. */
static gboolean
read_table_2(PupFont *font, const guint8 *at, const guint8 *end)
{
    for (unsigned glyph = 0; glyph < font->n_glyphs; glyph++) {
        const guint8 *stop = memchr(at, 0xff, (size_t) (end - at));
        if (stop == NULL)
            return FALSE;
        while (at < stop && *at != 0xfe) {
            gunichar character = g_utf8_get_char_validated((const char *) at, stop - at);
            if (character >= (gunichar) -2)
                return FALSE;
            map(font, character, glyph);
            at += g_utf8_skip[*at];
        }
        at = stop + 1;
    }
    return TRUE;
}

PupFont *
pup_font_parse(const char *name, const guint8 *data, size_t len, GError **error)
{
    PsfHeader header;

    if (!read_header(name, data, len, &header, error))
        return NULL;
    if (!header_fits(&header, len)) {
        pup_error_set(error, PUP_ERROR_CORRUPT,
                      "font '%s' is truncated or its sizes contradict each other", name);
        return NULL;
    }
    size_t bits_bytes = (size_t) header.n_glyphs * header.glyph_bytes;
    const guint8 *bits = data + header.header_bytes;
    g_autoptr(PupFont) font = g_new0(PupFont, 1);
    font->width = (int) header.width;
    font->height = (int) header.height;
    font->row_bytes = (int) (header.width + 7) / 8;
    font->n_glyphs = header.n_glyphs;
    font->bits = g_memdup2(bits, bits_bytes);
    if (!header.has_table)
        return g_steal_pointer(&font);

    font->glyphs = g_hash_table_new(NULL, NULL);
    if (!(header.version == 1 ? read_table_1 : read_table_2)(font, bits + bits_bytes,
                                                             data + len)) {
        pup_error_set(error, PUP_ERROR_CORRUPT, "font '%s': its Unicode table is broken",
                      name);
        return NULL;
    }
    return g_steal_pointer(&font);
}

/* Unpack gzip @packed. Errors: CORRUPT. */
static GBytes *
unpack(const char *path, GBytes *packed, GError **error)
{
    g_autoptr(GZlibDecompressor) gzip =
        g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
    g_autoptr(GInputStream) memory = g_memory_input_stream_new_from_bytes(packed);
    g_autoptr(GInputStream) plain =
        g_converter_input_stream_new(memory, G_CONVERTER(gzip));
    g_autofree guint8 *buf = g_malloc(PUP_FONT_MAX_BYTES);
    g_autoptr(GError) why = NULL;
    gsize len = 0;

    if (!g_input_stream_read_all(plain, buf, PUP_FONT_MAX_BYTES, &len, NULL, &why)) {
        pup_error_set(error, PUP_ERROR_CORRUPT, "cannot unpack '%s': %s", path,
                      why->message);
        return NULL;
    }
    return g_bytes_new(buf, len);
}

PupFont *
pup_font_load(const char *path, GError **error)
{
    g_autoptr(GBytes) file = pup_file_read(path, PUP_FONT_MAX_BYTES, error);

    if (file == NULL)
        return NULL;
    g_autoptr(GBytes) plain =
        g_str_has_suffix(path, ".gz") ? unpack(path, file, error) : g_bytes_ref(file);
    if (plain == NULL)
        return NULL;
    gsize len;
    const guint8 *data = g_bytes_get_data(plain, &len);
    return pup_font_parse(path, data, len, error);
}

void
pup_font_free(PupFont *font)
{
    if (font == NULL)
        return;
    g_clear_pointer(&font->glyphs, g_hash_table_unref);
    g_free(font->bits);
    g_free(font);
}

int
pup_font_width(const PupFont *font)
{
    return font->width;
}

int
pup_font_height(const PupFont *font)
{
    return font->height;
}

/* TRUE and *@glyph when the font has @character. */
static gboolean
find_glyph(const PupFont *font, gunichar character, unsigned *glyph)
{
    gpointer found;

    if (font->glyphs == NULL) {
        *glyph = character;
        return character < font->n_glyphs;
    }
    if (!g_hash_table_lookup_extended(font->glyphs, GUINT_TO_POINTER(character), NULL,
                                      &found))
        return FALSE;
    *glyph = GPOINTER_TO_UINT(found);
    return TRUE;
}

unsigned
pup_font_glyph(const PupFont *font, gunichar character)
{
    unsigned glyph;

    if (find_glyph(font, character, &glyph) || find_glyph(font, '?', &glyph))
        return glyph;
    return 0;
}

gboolean
pup_font_bit(const PupFont *font, unsigned glyph, int x, int y)
{
    if (x < 0 || y < 0 || x >= font->width || y >= font->height ||
        glyph >= font->n_glyphs)
        return FALSE;
    size_t row = (size_t) glyph * (size_t) font->height + (size_t) y;
    return (font->bits[row * (size_t) font->row_bytes + (size_t) x / 8] &
            (0x80 >> (x % 8))) != 0;
}

static int
compare_heights(gconstpointer a, gconstpointer b)
{
    return (*(PupFont *const *) a)->height - (*(PupFont *const *) b)->height;
}

static gboolean
is_font_name(const char *name, const char *prefix)
{
    return g_str_has_prefix(name, prefix) &&
           (g_str_has_suffix(name, ".psf") || g_str_has_suffix(name, ".psf.gz"));
}

PupFonts *
pup_fonts_load(const char *dir, const char *prefix, GError **error)
{
    g_autoptr(PupFonts) fonts = g_new0(PupFonts, 1);
    g_autoptr(GDir) folder = g_dir_open(dir, 0, NULL);
    const char *name;

    fonts->regular = g_ptr_array_new_with_free_func((GDestroyNotify) pup_font_free);
    fonts->bold = g_ptr_array_new_with_free_func((GDestroyNotify) pup_font_free);
    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        g_autoptr(GError) why = NULL;
        if (!is_font_name(name, prefix))
            continue;
        PupFont *font = pup_font_load(path, &why);
        if (font != NULL)
            g_ptr_array_add(strstr(name, "Bold") ? fonts->bold : fonts->regular, font);
        else
            g_warning("%s", why->message);
    }
    if (fonts->regular->len + fonts->bold->len == 0) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "no console font (*.psf.gz) in '%s'",
                      dir);
        return NULL;
    }
    g_ptr_array_sort(fonts->regular, compare_heights);
    g_ptr_array_sort(fonts->bold, compare_heights);
    return g_steal_pointer(&fonts);
}

void
pup_fonts_free(PupFonts *fonts)
{
    if (fonts == NULL)
        return;
    g_clear_pointer(&fonts->regular, g_ptr_array_unref);
    g_clear_pointer(&fonts->bold, g_ptr_array_unref);
    g_free(fonts);
}

const PupFont *
pup_fonts_pick(const PupFonts *fonts, int height_px, gboolean bold)
{
    GPtrArray *list = bold ? fonts->bold : fonts->regular;

    if (list->len == 0)
        list = bold ? fonts->regular : fonts->bold;
    const PupFont *tallest = g_ptr_array_index(list, 0), *exact = NULL;
    for (guint i = 0; i < list->len; i++) {
        const PupFont *font = g_ptr_array_index(list, i);
        if (font->height <= height_px)
            tallest = font;
        if (height_px % font->height == 0)
            exact = font;
    }
    return exact != NULL ? exact : tallest;
}
