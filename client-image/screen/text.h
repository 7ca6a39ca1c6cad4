/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text - lines of text on a canvas, in a console font of any size
 *
 * Glyphs are bitmaps of one fixed width; a size that is not the font's own is drawn with
 * smooth edges. Text is UTF-8. Pure; any thread.
 */
#pragma once

#include "client-image/screen/canvas.h"
#include "client-image/screen/font.h"

typedef struct {
    const PupFonts *fonts;
    int height_px;
    gboolean bold;
    guint32 colour;
} PupTextStyle;

/* Width in pixels of @text on one line. */
int pup_text_width(const PupTextStyle *style, const char *text);

/* Draw @text with its upper left corner at @x, @y. */
void pup_text_draw(PupCanvas *canvas, int x, int y, const PupTextStyle *style,
                   const char *text);

/* Break @text at blanks into lines of at most @width_px pixels (a longer word is cut); if
 * more than @max_lines (at least 1) come out, the last one ends in "...". New string
 * vector, empty for an empty text; free with g_strfreev(). */
char **pup_text_wrap(const PupTextStyle *style, const char *text, int width_px,
                     unsigned max_lines);
