/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * overlay - where the guest's writes go: a qcow2 over the stream, fresh for each guest
 *
 * It lives, in this order: where the caller says (a folder or a block device); on a zram
 * device of our own, used raw; in a tmpfs of our own under the run folder. The first two
 * are bounded by what they are, the last two by the memory plan.
 *
 * Runs qemu-img. Threads: one at a time; calls may take a second.
 */
#pragma once

#include <glib.h>

typedef struct PupOverlay PupOverlay;

/* TRUE when an agent that was killed left a zram device behind, as a file in @rundir
 * says. pup_overlay_new() takes it away, if no guest uses it any more. */
gboolean pup_overlay_is_left_over(const char *rundir);

/* Find a place. @where: a folder or block device, or NULL: memory, at most @memory_mib of
 * it; @rundir: of the seat. Errors: INVALID (@where is neither), those of making a tmpfs.
 */
PupOverlay *pup_overlay_new(const char *where, const char *rundir, guint64 memory_mib,
                            GError **error);
/* Drops the overlay and gives the place back. */
void pup_overlay_free(PupOverlay *overlay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupOverlay, pup_overlay_free)

/* Make the qcow2 of @disk_bytes over the disk at the address @backing, in place of the
 * one that was there. Errors: those of pup_child_run(), IO. */
gboolean pup_overlay_make(PupOverlay *overlay, const char *backing, guint64 disk_bytes,
                          GError **error);

/* Forget what it holds and free the memory. */
void pup_overlay_drop(PupOverlay *overlay);

const char *pup_overlay_path(const PupOverlay *overlay);
gboolean pup_overlay_is_block(const PupOverlay *overlay);

/* "zram, 512 MiB" or the like, for the log. */
const char *pup_overlay_title(const PupOverlay *overlay);

/* How full its place is, in percent; 0 where that cannot be told. */
unsigned pup_overlay_used_percent(const PupOverlay *overlay);
