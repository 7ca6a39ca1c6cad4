/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/pointer.h"

#include "client-image/screen/evdev.h"

/* Counts in one report above which motion is accelerated, and the most it is. */
#define SLOW_COUNTS 6
#define GAIN_MAX (3 * 256)

void
pup_pointer_reset(PupPointer *pointer, int width, int height)
{
    *pointer =
        (PupPointer){.width = width, .height = height, .x = width / 2, .y = height / 2};
}

/* Move along one axis. */
static void
move_axis(int *at, int *rest, int counts, int gain, int size)
{
    gint64 way = (gint64) counts * gain + *rest;
    gint64 target = *at + way / 256;

    *rest = (int) (way % 256);
    *at = (int) CLAMP(target, 0, size - 1);
}

void
pup_pointer_move(PupPointer *pointer, int dx, int dy)
{
    int speed = MAX(ABS(dx), ABS(dy));
    int gain = MIN(256 + MAX(0, speed - SLOW_COUNTS) * 16, GAIN_MAX);

    gain = gain * MAX(pointer->height, 1080) / 1080;
    move_axis(&pointer->x, &pointer->rest_x, dx, gain, pointer->width);
    move_axis(&pointer->y, &pointer->rest_y, dy, gain, pointer->height);
}

void
pup_pointer_place(PupPointer *pointer, int x, int y)
{
    pointer->x = (int) ((gint64) x * (pointer->width - 1) / PUP_EVDEV_RANGE);
    pointer->y = (int) ((gint64) y * (pointer->height - 1) / PUP_EVDEV_RANGE);
}
