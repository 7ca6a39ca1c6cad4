/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * edit - a sub-master changed by hand, in a virtual machine on the server
 *
 *     virt = pup_virt_open_kept(settings, room, &error)
 *     pup_edit_begin(shop, virt, room, &edit, &error)     a machine to watch over SPICE
 *     ... hours, restarts of everything ...
 *     pup_edit_keep(shop, virt, room, &report, &error)    or pup_edit_discard()
 *
 * The machine writes to an overlay over the sub-master, so that throwing the edit away is
 * removing a file; keeping it writes the overlay into the sub-master. Each of these may
 * be killed at any moment: the next one finishes or undoes what it left (edits.h). The
 * machine lives on without us, and the edit without the machine: when the server was
 * restarted, beginning again starts the machine on the same overlay.
 *
 * Where the sub-master would be torn by a commit that was interrupted, it is only until
 * the next one, and nobody can publish it meanwhile.
 */
#pragma once

#include "server/image/edits.h"
#include "server/image/virt.h"

/* Begin an edit of @room, or start its machine again; *@edit: what it is now, with its
 * SPICE address. *@again: it had begun before. With shop->dry_run, @virt NULL, only look.
 * Errors: BUSY (it is edited and its machine runs; it is being worked on), NOT_FOUND
 * (room, sub-master), NO_SPACE, those of pup_workbench_start(). */
gboolean pup_edit_begin(const PupWorkshop *shop, PupVirt *virt, const char *room,
                        PupEdit *edit, gboolean *again, GError **error);

/* Wait until the machine of @room's edit has ended. Errors: NOT_FOUND (none runs),
 * NO_SPACE or IO (it stands still: its disk cannot be written), cancelled. */
gboolean pup_edit_wait(const PupWorkshop *shop, PupVirt *virt, const char *room,
                       GError **error);

typedef struct {
    gboolean finished; /* an earlier keep was interrupted, and only that was finished */
    guint64 bytes;     /* that the edit had written */
} PupEditReport;

/* Have the guest of @room's edit shut down, unless it has, and write what it wrote into
 * the sub-master. Errors: NOT_FOUND (not edited), BUSY (the guest does not shut down),
 * NO_SPACE, CORRUPT (the overlay), IO. The edit is there as before then, or can be kept
 * again. */
gboolean pup_edit_keep(const PupWorkshop *shop, PupVirt *virt, const char *room,
                       PupEditReport *report, GError **error);

/* End the machine of @room's edit and throw away what it wrote. Errors: NOT_FOUND (not
 * edited), DENIED (it is being kept already), IO. */
gboolean pup_edit_discard(const PupWorkshop *shop, PupVirt *virt, const char *room,
                          PupEditReport *report, GError **error);

/* Finish keeping what was interrupted in that, and remove what an edit left that never
 * began. With shop->dry_run only count. What is worked on stays. Errors: those of
 * pup_edit_keep(). */
gboolean pup_edit_sweep(const PupWorkshop *shop, PupSweepReport *report, GError **error);
