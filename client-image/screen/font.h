/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * font - console fonts (PSF version 1 and 2, gzip or plain) as the kernel's console has
 *
 *     font = pup_font_load("/usr/share/pupitre/fonts/Uni2-Terminus32x16.psf.gz", &error)
 *     glyph = pup_font_glyph(font, U'é'); bits of it by pup_font_bit()
 *
 * A folder of them makes a PupFonts, from which text.h takes the one that suits a size.
 * Pure but for the loading; read-only afterwards, any thread.
 */
#pragma once

#include <glib.h>

/* Bounds of what a font file may ask for. */
#define PUP_FONT_MAX_BYTES (4u * 1024u * 1024u)
#define PUP_FONT_MAX_SIDE 128u
#define PUP_FONT_MAX_GLYPHS 65536u

typedef struct PupFont PupFont;
typedef struct PupFonts PupFonts;

/* Read a PSF font from @len bytes at @data; @name is for messages. Errors: CORRUPT
 * (not PSF, truncated, sizes that contradict each other), UNSUPPORTED (newer). */
PupFont *pup_font_parse(const char *name, const guint8 *data, size_t len, GError **error);

/* Read the file @path, unpacking it when it is gzip. Errors: those of pup_file_read() and
 * pup_font_parse(). */
PupFont *pup_font_load(const char *path, GError **error);
void pup_font_free(PupFont *font);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupFont, pup_font_free)

int pup_font_width(const PupFont *font);
int pup_font_height(const PupFont *font);

/* The glyph of @character; that of '?' when the font has none; glyph 0 without that. */
unsigned pup_font_glyph(const PupFont *font, gunichar character);

/* TRUE when the pixel @x, @y of @glyph is set; FALSE outside of it. */
gboolean pup_font_bit(const PupFont *font, unsigned glyph, int x, int y);

/* Load each *.psf and *.psf.gz in @dir whose name starts with @prefix; those with "Bold"
 * in their names are the bold ones. A broken file is passed over with a warning. Errors:
 * NOT_FOUND when no font is left. */
PupFonts *pup_fonts_load(const char *dir, const char *prefix, GError **error);
void pup_fonts_free(PupFonts *fonts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupFonts, pup_fonts_free)

/* The font to draw text of @height_px with: the tallest of which that is a whole
 * multiple, else the tallest that need not be shrunk, else the smallest there is; a bold
 * one if @bold and there is one. */
const PupFont *pup_fonts_pick(const PupFonts *fonts, int height_px, gboolean bold);
