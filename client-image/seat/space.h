/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * space - how much of a bounded place is used
 *
 * Pure.
 */
#pragma once

#include <glib.h>

typedef struct {
    guint64 used_bytes;
    guint64 size_bytes; /* 0: cannot be told */
} PupSpace;

/* 0 to 100; 0 where it cannot be told. */
static inline unsigned
pup_space_percent(const PupSpace *space)
{
    if (space->size_bytes == 0)
        return 0;
    return (unsigned) MIN(space->used_bytes * 100 / space->size_bytes, 100);
}

static inline guint64
pup_space_left_bytes(const PupSpace *space)
{
    return space->size_bytes - MIN(space->used_bytes, space->size_bytes);
}
