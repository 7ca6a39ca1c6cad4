/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * partition - a file system that the admin gave this PC
 *
 * It is known by its label and by nothing else: no other is ever mounted, and none is
 * ever made here; that is pupitre-cache(8), by hand. There are two: PUPITRE-CACHE, which
 * the stream keeps chunks in, and PUPITRE-OVERLAY, for what the guest writes.
 *
 * Wants root. Runs udevadm. Threads: one at a time; calls may take seconds.
 */
#pragma once

#include <glib.h>

#define PUP_LABEL_CACHE "PUPITRE-CACHE"
#define PUP_LABEL_OVERLAY "PUPITRE-OVERLAY"
/* One that is smaller is not worth its trouble: a Windows start alone reads as much. */
#define PUP_PARTITION_MIN_BYTES (G_GUINT64_CONSTANT(1) << 30)

/* Wait for this PC's disks and mount the one with the label @label at @path, a folder
 * that is made if need be. *@found: there is one. Errors: IO, INVALID (not ext4, too
 * small). */
gboolean pup_partition_mount(const char *label, const char *path, gboolean *found,
                             GError **error);

/* @path may be NULL, and in use: it goes when it no longer is. */
void pup_partition_unmount(const char *path);
