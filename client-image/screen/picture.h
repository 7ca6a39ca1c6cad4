/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * picture - the guest's picture and the pointer on it, as the screen has them now
 *
 * Holds what the guest told (surface, cursor, mouse mode) and turns it into parts of the
 * screen to draw again; turns what the mouse does into what the guest is told. Knows
 * neither the protocol nor the display.
 */
#pragma once

#include "client-image/screen/pointer.h"
#include "client-image/screen/view.h"

typedef struct {
    int screen_width, screen_height;
    PupSurface surface;
    PupRect shown;
    PupView view; /* valid while the surface has data */
    PupCursor cursor;
    int cursor_x, cursor_y; /* in the guest's pixels */
    gboolean pointer_is_ours;
    PupPointer pointer;
} PupPicture;

void pup_picture_clear(PupPicture *picture);

/* The screen has another size. */
void pup_picture_set_screen(PupPicture *picture, int width, int height);

/* The guest has another surface (borrowed until the next call); @shown is the part of it
 * to show. */
void pup_picture_set_surface(PupPicture *picture, const PupSurface *surface,
                             PupRect shown);

/* Another pointer; its pixels are copied. Returns the part of the screen to draw. */
PupRect pup_picture_set_cursor(PupPicture *picture, const PupCursor *cursor);

/* The pointer is at the guest's @x, @y. Returns the part of the screen to draw. */
PupRect pup_picture_move_cursor(PupPicture *picture, int x, int y);

/* The part of the screen that the guest's @damage changes. */
PupRect pup_picture_damage(const PupPicture *picture, const PupRect *damage);

/* TRUE when something in @rect of the guest's surface is not black. */
gboolean pup_picture_has_content(const PupPicture *picture, const PupRect *rect);

/* Draw it all within the canvas's clip. */
void pup_picture_draw(const PupPicture *picture, PupCanvas *canvas);
