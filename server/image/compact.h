/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compact - give back what an image's file holds and its disk does not
 *
 * What a guest discarded or overwrote with zeros, and what qcow2 keeps for reuse, is left
 * out of a copy that is made beside the file, compared with it, and put into its place at
 * once. The disk is the same, bit for bit, and so are the versions that are made of it; a
 * sub-master still names the master it stood on, and still holds nothing of it. Whoever
 * has the old file open for reading, such as a machine over a master, goes on with it.
 *
 * Needs free space for the copy, at most what the file takes.
 */
#pragma once

#include "server/image/image.h"

typedef struct {
    guint64 before_bytes, after_bytes; /* that the file takes; a dry run: at most */
    gboolean no_gain;                  /* the copy was no smaller: the file stayed */
} PupCompactReport;

/* Compact @room's sub-master. Errors: NOT_FOUND; BUSY (a writer has it, or it is being
 * worked on); NO_SPACE; UNSUPPORTED (it holds what a copy would lose); CORRUPT; IO. After
 * any of them the file is as before. */
gboolean pup_room_compact(const PupWorkshop *shop, const char *room,
                          PupCompactReport *report, GError **error);
/* The same for the file of a master's version. */
gboolean pup_master_compact(const PupWorkshop *shop, const char *name, unsigned version,
                            PupCompactReport *report, GError **error);
