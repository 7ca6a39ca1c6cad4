/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * screens - what the guest of a version showed in its boot test
 *
 * STATE/screens/ROOM@VERSION.png; goes with the version, at the latest with
 * pup_workshop_sweep(). Threads: any.
 */
#pragma once

#include "server/image/image.h"

/* The picture's path, new string; it need not be there. */
char *pup_screen_path(const PupWorkshop *shop, const char *room, unsigned version);

/* Move the PNG @file to its place. Errors: IO, NO_SPACE. */
gboolean pup_screen_keep(const PupWorkshop *shop, const char *file, const char *room,
                         unsigned version, GError **error);

/* Remove a version's picture; none is fine. */
void pup_screen_forget(const PupWorkshop *shop, const char *room, unsigned version);

/* Remove the pictures of versions that are gone; with shop->dry_run only count. Adds to
 * @n_files and @bytes. */
void pup_screens_sweep(const PupWorkshop *shop, unsigned *n_files, guint64 *bytes);
