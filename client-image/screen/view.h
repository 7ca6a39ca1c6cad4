/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * view - the guest's picture on the screen: where it goes and how it gets its size
 *
 * A PupSurface is what the guest draws on; a PupView says which part of it is shown
 * (source) and where on the screen (target): centred, sides in proportion, black around
 * it. A whole multiple is taken where it comes near the full size, and stays crisp; any
 * other scale is bilinear.
 *
 * Pure; one thread at a time.
 */
#pragma once

#include "client-image/screen/canvas.h"

typedef enum { PUP_PIXELS_XRGB8888, PUP_PIXELS_RGB565, PUP_PIXELS_RGB555 } PupPixels;

typedef struct {
    const guint8 *data; /* NULL: there is no picture */
    int width, height;
    int stride_bytes;
    PupPixels pixels;
} PupSurface;

typedef struct {
    int width, height;
    int hot_x, hot_y;
    guint8 *rgba; /* R, G, B, A a pixel, not premultiplied; NULL: invisible */
} PupCursor;

typedef struct {
    PupRect source; /* in the guest's pixels */
    PupRect target; /* in the screen's pixels */
} PupView;

/* The view of @source on a screen of @width x @height. */
PupView pup_view_fit(PupRect source, int width, int height);

/* The part of the screen that the guest's @damage changes (a pixel more on each side
 * where the picture is interpolated). */
PupRect pup_view_to_screen(const PupView *view, const PupRect *damage);

/* The guest's pixel under the screen's @x, @y; the nearest one when it is outside. */
void pup_view_to_guest(const PupView *view, int x, int y, int *guest_x, int *guest_y);

/* Draw @surface, and black around it, within the canvas's clip. */
void pup_view_draw(const PupView *view, PupCanvas *canvas, const PupSurface *surface);

/* The part of the screen that @cursor takes when its hot spot is on the guest's @x, @y.
 */
PupRect pup_view_cursor_rect(const PupView *view, const PupCursor *cursor, int x, int y);

/* Draw @cursor there, within the canvas's clip. */
void pup_view_draw_cursor(const PupView *view, PupCanvas *canvas, const PupCursor *cursor,
                          int x, int y);
