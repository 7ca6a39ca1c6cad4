/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trace - the reads of a guest, from a file
 *
 * A line of a trace is `SECTOR COUNT`, both in 512 bytes; `#` begins a comment.
 */
#pragma once

#include <glib.h>

/* One read, in bytes. */
typedef struct {
    guint64 offset;
    guint32 count; /* 1 .. 32 MiB */
} TraceRead;

/* The reads of the file @path: a new GArray of TraceRead. */
GArray *trace_load(const char *path, GError **error);
