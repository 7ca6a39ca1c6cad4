/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A glyph is a bitmap; another size of it is made by interpolating between its pixels and
 * then sharpening by the scale, so that edges are one pixel of the screen soft whatever
 * the scale is, and diagonals come out smooth instead of as stairs. At the font's own
 * size that is exactly the bitmap. No outline fonts: a rasteriser is a library more in
 * the client image for a handful of pages.
 */
#include "client-image/screen/text.h"

#include <string.h>

/* One glyph at its place and size on the screen. */
typedef struct {
    const PupFont *font;
    unsigned glyph;
    PupRect at;
} Placed;

static int
glyph_width(const PupTextStyle *style)
{
    const PupFont *font = pup_fonts_pick(style->fonts, style->height_px, style->bold);

    return MAX(1, pup_font_width(font) * style->height_px / pup_font_height(font));
}

int
pup_text_width(const PupTextStyle *style, const char *text)
{
    return (int) g_utf8_strlen(text, -1) * glyph_width(style);
}

/* Coverage, 0 to 255, of the screen's pixel @i, @j of a placed glyph. */
static unsigned
sample(const Placed *placed, int i, int j)
{
    int width = pup_font_width(placed->font), height = pup_font_height(placed->font);
    int sx = (2 * i + 1) * width * 128 / placed->at.width - 128 + 256;
    int sy = (2 * j + 1) * height * 128 / placed->at.height - 128 + 256;
    int x = (sx >> 8) - 1, y = (sy >> 8) - 1, fx = sx & 255, fy = sy & 255;
    int top = (pup_font_bit(placed->font, placed->glyph, x, y) ? 256 - fx : 0) +
              (pup_font_bit(placed->font, placed->glyph, x + 1, y) ? fx : 0);
    int low = (pup_font_bit(placed->font, placed->glyph, x, y + 1) ? 256 - fx : 0) +
              (pup_font_bit(placed->font, placed->glyph, x + 1, y + 1) ? fx : 0);
    int value = (top * (256 - fy) + low * fy) >> 8;
    int scaled = (value - 128) * placed->at.height / height + 128;

    return (unsigned) CLAMP(scaled, 0, 255);
}

static void
draw_glyph(PupCanvas *canvas, const Placed *placed, guint32 colour)
{
    PupRect part = pup_rect_intersect(&placed->at, &canvas->clip);

    for (int y = part.y; y < part.y + part.height; y++)
        for (int x = part.x; x < part.x + part.width; x++)
            pup_canvas_blend(canvas, x, y, colour,
                             sample(placed, x - placed->at.x, y - placed->at.y));
}

void
pup_text_draw(PupCanvas *canvas, int x, int y, const PupTextStyle *style,
              const char *text)
{
    Placed placed = {.font = pup_fonts_pick(style->fonts, style->height_px, style->bold)};
    int width = glyph_width(style);

    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at), x += width) {
        placed.glyph = pup_font_glyph(placed.font, g_utf8_get_char(at));
        placed.at = (PupRect){x, y, width, style->height_px};
        draw_glyph(canvas, &placed, style->colour);
    }
}

/* How many bytes of @text go on a line of @columns characters: up to the last blank that
 * fits, or as many characters as fit when there is none. */
static size_t
line_bytes(const char *text, glong columns)
{
    const char *at = text, *blank = NULL;

    for (glong n = 0; n < columns && *at != '\0'; n++, at = g_utf8_next_char(at))
        if (*at == ' ')
            blank = at;
    if (*at == '\0' || *at == ' ')
        blank = at;
    return (size_t) ((blank != NULL && blank > text ? blank : at) - text);
}

/* @line cut so that it ends in "..." within @columns characters. Takes @line. */
static char *
with_ellipsis(char *line, glong columns)
{
    g_autofree char *whole = line;
    glong keep = MIN(g_utf8_strlen(whole, -1), MAX(columns - 3, 0));
    g_autofree char *kept = g_utf8_substring(whole, 0, keep);

    return g_strconcat(g_strchomp(kept), "...", NULL);
}

char **
pup_text_wrap(const PupTextStyle *style, const char *text, int width_px,
              unsigned max_lines)
{
    glong columns = MAX(1, width_px / glyph_width(style));
    g_autoptr(GPtrArray) lines = g_ptr_array_new();

    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        if (lines->len == max_lines) {
            char **last = (char **) &g_ptr_array_index(lines, lines->len - 1);
            *last = with_ellipsis(*last, columns);
            break;
        }
        size_t bytes = line_bytes(text, columns);
        g_ptr_array_add(lines, g_strndup(text, bytes));
        text += bytes;
    }
    g_ptr_array_add(lines, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&lines), FALSE);
}
