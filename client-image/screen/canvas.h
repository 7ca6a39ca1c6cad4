/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * canvas - a picture in memory, XRGB8888, and the few things we draw on it
 *
 * Every primitive honours the canvas's clip rectangle, so that a part of a page can be
 * drawn again alone. Edges are antialiased with integer arithmetic only: the same page
 * has the same pixels whatever the compiler, which is what the golden tests compare.
 *
 * Colours are 0xRRGGBB. Pure; one thread at a time.
 */
#pragma once

#include <glib.h>

/* The largest width or height of anything drawn, received or shown. */
#define PUP_CANVAS_MAX 16384

typedef struct {
    int x, y, width, height; /* empty when width or height is not positive */
} PupRect;

typedef struct {
    int width, height;
    int stride; /* pixels from one row to the next */
    guint32 *pixels;
    PupRect clip; /* always inside the canvas */
} PupCanvas;

static inline gboolean
pup_rect_is_empty(const PupRect *rect)
{
    return rect->width <= 0 || rect->height <= 0;
}
/* The part that @a and @b share; empty when there is none. */
PupRect pup_rect_intersect(const PupRect *a, const PupRect *b);
/* The smallest rectangle around both; an empty one does not count. */
PupRect pup_rect_union(const PupRect *a, const PupRect *b);

/* A black canvas of @width x @height pixels (1 to PUP_CANVAS_MAX). Never NULL. */
PupCanvas *pup_canvas_new(int width, int height);
void pup_canvas_free(PupCanvas *canvas);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupCanvas, pup_canvas_free)

/* Draw only inside @clip from now on; NULL: everywhere. */
void pup_canvas_set_clip(PupCanvas *canvas, const PupRect *clip);

static inline guint32 *
pup_canvas_row(const PupCanvas *canvas, int y)
{
    return canvas->pixels + (size_t) y * (size_t) canvas->stride;
}

/* @colour over @under, @alpha 0 (nothing) to 255 (all of it). */
guint32 pup_colour_mix(guint32 under, guint32 colour, unsigned alpha);

/* Mix @colour into the pixel @x, @y, if it is inside the clip. */
void pup_canvas_blend(PupCanvas *canvas, int x, int y, guint32 colour, unsigned alpha);

/* Fill @rect; @alpha 255 is solid. */
void pup_canvas_fill(PupCanvas *canvas, PupRect rect, guint32 colour, unsigned alpha);

/* Fill @rect with corners rounded by @radius pixels (cut to half the shorter side). */
void pup_canvas_fill_round(PupCanvas *canvas, PupRect rect, int radius, guint32 colour);

/* A line of @thickness pixels with round ends, from @x0, @y0 to @x1, @y1. */
void pup_canvas_line(PupCanvas *canvas, int x0, int y0, int x1, int y1, int thickness,
                     guint32 colour);
