/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * runs - from the extents of a disk image to runs of whole chunks
 *
 * Pure. A chunk belongs to a run when any part of it lies in an extent that was added.
 */
#pragma once

#include "server/image/disk.h"

/* Add the @len bytes at @offset (not before what was added last). */
void pup_runs_add(GArray *runs, guint64 offset, guint64 len);

/* The chunks of @whole, those that are not in @data marked zero. Both in order; @data
 * lies within @whole. New array. */
GArray *pup_runs_mark_zero(const GArray *whole, const GArray *data);

/* Number of chunks; with @data_only those that are not zero. */
guint64 pup_runs_count(const GArray *runs, gboolean data_only);
