/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state - will work in the state folder fail for its place?
 *
 *     pup_state_check_path(dir, &error)     before anything is made there (`init`)
 *     pup_state_probe(dir, &error)          when it is there: `init`, the daemon's start
 *
 * Threads: any.
 */
#pragma once

#include <glib.h>

/* Check that @dir, an absolute path that need not exist, can be a state folder: its text,
 * that it or the folder it would be made in is one that we may write to, and that it is
 * empty or one of ours. Errors: INVALID, EXISTS (holds something else), DENIED, IO. */
gboolean pup_state_check_path(const char *dir, GError **error);

/* Do with a file in @dir what the server does with its files: make it, lock it, sync it,
 * rename it, link it, sync the folder. Nothing stays behind. Errors: UNSUPPORTED (the
 * file system cannot do it), NO_SPACE, DENIED, IO. */
gboolean pup_state_probe(const char *dir, GError **error);
