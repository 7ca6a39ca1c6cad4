/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pointer - where the pointer is when its place is ours to say (SPICE's client mode)
 *
 * A mouse's motion is made faster when it is fast, and larger on a larger screen, as
 * people are used to; what is left over of a pixel is kept for the next motion. Pure.
 */
#pragma once

#include <glib.h>

typedef struct {
    int width, height; /* of the screen */
    int x, y;
    int rest_x, rest_y; /* 1/256 pixel */
} PupPointer;

/* Put the pointer in the middle of a screen of @width x @height. */
void pup_pointer_reset(PupPointer *pointer, int width, int height);

/* A mouse moved by @dx, @dy counts. */
void pup_pointer_move(PupPointer *pointer, int dx, int dy);

/* A tablet says @x, @y, each 0 to PUP_EVDEV_RANGE. */
void pup_pointer_place(PupPointer *pointer, int x, int y);
