/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * overlay - where the guest's writes go: a qcow2 over the stream
 *
 * It lives, in this order: where the caller says (a folder or a block device); on a zram
 * device of our own, used raw; in a tmpfs of our own under the run folder. The first two
 * are bounded by what they are, the last two by the memory plan.
 *
 * It is fresh for each guest, or, in a folder of the caller's, kept under a name that
 * says what it lies over. A folder holds one overlay: whatever else of ours is found
 * there goes when one is made.
 *
 * Runs qemu-img. Threads: one at a time; calls may take a second.
 */
#pragma once

#include "client-image/seat/space.h"
#include "lib/name.h"

typedef enum {
    PUP_OVERLAY_FRESH,
    PUP_OVERLAY_AGAIN,   /* what was kept goes on */
    PUP_OVERLAY_DAMAGED, /* fresh, because what was kept is damaged */
    PUP_OVERLAY_FULL,    /* fresh, because what was kept had filled its place */
} PupOverlayPast;

typedef struct PupOverlay PupOverlay;

/* TRUE when an agent that was killed left a zram device behind, as a file in @rundir
 * says. pup_overlay_new() takes it away, if no guest uses it any more. */
gboolean pup_overlay_is_left_over(const char *rundir);

/* Find a place. @where: a folder or block device, or NULL: memory, at most @memory_mib of
 * it; @rundir: of the seat. Errors: INVALID (@where is neither), those of making a tmpfs.
 */
PupOverlay *pup_overlay_new(const char *where, const char *rundir, guint64 memory_mib,
                            GError **error);
/* Drops the overlay, unless it is kept, and gives the place back. */
void pup_overlay_free(PupOverlay *overlay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupOverlay, pup_overlay_free)

/* TRUE when its place outlives the program, so that it can be kept. */
gboolean pup_overlay_can_keep(const PupOverlay *overlay);

/* Make the qcow2 of @disk_bytes over the disk at the address @backing, in place of the
 * one that was there; no guest may use that. With @name the one that was kept under that
 * name is taken again, unless it is damaged or its place is full; where nothing can be
 * kept, @name counts as NULL. *@past: what became of it. Errors: those of
 * pup_child_run(), IO; BUSY, too, when somebody has what was kept open: it stays. */
gboolean pup_overlay_make(PupOverlay *overlay, const char *backing, guint64 disk_bytes,
                          const PupName *name, PupOverlayPast *past, GError **error);

/* Forget what it holds and free the memory, unless it is kept. */
void pup_overlay_drop(PupOverlay *overlay);

/* Of the qcow2; NULL before it is made. */
const char *pup_overlay_path(const PupOverlay *overlay);
gboolean pup_overlay_is_block(const PupOverlay *overlay);

/* "zram, 512 MiB" or the like, for the log. */
const char *pup_overlay_title(const PupOverlay *overlay);

/* How full its place is. */
PupSpace pup_overlay_space(const PupOverlay *overlay);
gboolean pup_overlay_is_full(const PupOverlay *overlay);
