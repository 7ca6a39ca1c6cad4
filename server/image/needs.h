/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * needs - what masters need (lib/needs.h), and whether a room's guest has it
 *
 * A version of a master says it in its manifest. One of before does not: its disk is
 * looked at. What was said later of the same disk (pup_master_set()) counts for all
 * versions that have it, so that a correction is good for rooms that stand on an older
 * one, too.
 */
#pragma once

#include "server/image/image.h"
#include "server/image/look.h"

/* Look at the qcow2 @path. Errors: those of pup_disk_open(). */
gboolean pup_look_file(const PupWorkshop *shop, const char *path, PupLook *look,
                       GError **error);

/* What the version @master needs. Errors: IO, NOT_FOUND (it does not say, and its file is
 * gone). */
gboolean pup_master_needs(const PupWorkshop *shop, const PupManifest *master,
                          PupNeeds *needs, GError **error);

/* Check that the guest of @profile, of @room, starts from @master's disk: a machine with
 * the wrong firmware finds nothing to start and tells nobody. What cannot be known
 * passes. Errors: INVALID, with what to do. */
gboolean pup_needs_check(const PupWorkshop *shop, const PupManifest *master,
                         const char *room, const PupRoomProfile *profile, GError **error);
/* The same of the version that @room's sub-master stands on, or, where that is of another
 * master or not there, that it would be made over. Passes where there is none. */
gboolean pup_needs_check_room(const PupWorkshop *shop, const char *room,
                              const PupRoomProfile *profile, GError **error);

/* Say by shop->note what @profile has otherwise than @master says that it needs, though
 * it may work: no TPM, no Secure Boot, another bus. What was only guessed is not said. */
void pup_needs_say(const PupWorkshop *shop, const PupManifest *master, const char *room,
                   const PupRoomProfile *profile);
