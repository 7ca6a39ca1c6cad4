/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cache_partition - the file system that the admin gave this PC for chunks
 *
 * It is known by its label, PUPITRE-CACHE, and by nothing else: no other is ever mounted,
 * and none is ever made here; that is pupitre-cache(8), by hand. What is in it is the
 * stream's affair.
 *
 * Wants root. Runs udevadm. Threads: one at a time; calls may take seconds.
 */
#pragma once

#include <glib.h>

#define PUP_CACHE_LABEL "PUPITRE-CACHE"
/* One that is smaller is not worth its trouble: a Windows start alone reads as much. */
#define PUP_CACHE_PARTITION_MIN_BYTES (G_GUINT64_CONSTANT(1) << 30)

/* Wait for this PC's disks and mount the one with the label below @rundir. *@folder:
 * where, a new string; NULL when no disk has the label. Errors: IO, INVALID (not ext4,
 * too small). */
gboolean pup_cache_partition_mount(const char *rundir, char **folder, GError **error);

/* @folder may be NULL, and in use: it goes when it no longer is. */
void pup_cache_partition_unmount(const char *folder);

/* Errors: INVALID, when the file system of @folder is too small. */
gboolean pup_cache_partition_check_size(const char *folder, GError **error);
