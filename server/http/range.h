/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * range - the Range header of HTTP, one range of bytes
 *
 * Firmware resumes its loads with it. Pure.
 */
#pragma once

#include <glib.h>

typedef enum {
    PUP_RANGE_WHOLE,         /* none, several, or nonsense: send everything (200) */
    PUP_RANGE_PART,          /* send the part (206) */
    PUP_RANGE_UNSATISFIABLE, /* outside the file (416) */
} PupRange;

/* What @header (may be NULL) asks of a body of @size bytes; for PUP_RANGE_PART, *@offset
 * and *@length (at least 1) lie inside it. */
PupRange pup_range_parse(const char *header, guint64 size, guint64 *offset,
                         guint64 *length);
