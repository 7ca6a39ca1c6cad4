/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * overlay_file - the qcow2 of an overlay, and the one that a folder keeps
 *
 * In a folder the file is called overlay.qcow2, or, when it is kept, by the name of what
 * it lies over. A power cut leaves a kept one whole or not there at all.
 *
 * Runs qemu-img. Threads: one at a time.
 */
#pragma once

#include "lib/name.h"

/* The path of the overlay of @name in @folder, NULL: of one that is not kept. All others
 * in @folder are removed, and the latter, too. Files of other kinds are left alone. New
 * string. */
char *pup_overlay_file_choose(const char *folder, const PupName *name);

/* Check what was kept at @path, and mend what a power cut can do to it. Errors: IO (it
 * cannot be used any more); others say nothing about it: BUSY (somebody has it open, or
 * the check was ended), NOT_FOUND (no qemu-img). */
gboolean pup_overlay_file_check(const char *path, GError **error);

/* Make a qcow2 of @disk_bytes over the disk at the address @backing in the file or device
 * @path. Errors: those of pup_child_run(). */
gboolean pup_overlay_file_create(const char *path, const char *backing,
                                 guint64 disk_bytes, GError **error);

/* The same for one that is to be kept: it is there, whole, or not at all. Errors: IO,
 * NO_SPACE, too. */
gboolean pup_overlay_file_create_kept(const char *path, const char *backing,
                                      guint64 disk_bytes, GError **error);
