/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rename - another name for a room, with all that it has
 *
 * A version's signed manifest holds its room's name, and a published version never
 * changes: so the new name gets versions of its own, with the old ones' numbers, disks
 * and dates, signed anew. That and a second name for the sub-master's file are made
 * first, and seen by nobody, as there is no profile of the new name. Then the profile
 * moves, at once: that is the rename. What hangs on the name beside it follows: the
 * schedules and wishes of the catalog, the recipe's folder, boot profiles, screens, the
 * log; last, what the old name still has goes.
 *
 * The file run/rename-OLD holds the new name from before the first step to behind the
 * last. Where it is left behind, nothing has happened as long as the profile has the old
 * name: what was made goes; else what follows is done. pup_rename_sweep() does that, and
 * the same rename again.
 */
#pragma once

#include "server/image/image.h"

/* What a rename takes along, for who reports it. */
typedef struct {
    unsigned n_versions, n_schedules;
    gboolean has_recipe;
} PupRename;

/* Give room @from the name @to. With shop->dry_run only check and tell. Errors:
 * NOT_FOUND, EXISTS (there is such a room, or something of one), BUSY (seats run from it,
 * it is being edited or worked on), DENIED (no signing key), INVALID (the configuration
 * gives unknown PCs to it), NO_SPACE, IO. */
gboolean pup_room_rename(const PupWorkshop *shop, const char *from, const char *to,
                         PupRename *report, GError **error);

/* The name that a rename of @from was about to give when it was interrupted, or is giving
 * now; NULL: there is none. New string. */
char *pup_rename_begun(const PupWorkshop *shop, const char *from);

/* Finish, or take back, renames that were interrupted; with shop->dry_run only count them
 * in *@n_files. Those that are being worked on stay. */
gboolean pup_rename_sweep(const PupWorkshop *shop, unsigned *n_files, GError **error);
