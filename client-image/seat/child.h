/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * child - run a program and wait for it
 *
 * From an argv array, found in PATH, never through a shell. Threads: any.
 */
#pragma once

#include <glib.h>

/* Run @argv (NULL-terminated). Errors: NOT_FOUND (no such program), IO (it failed: with
 * its name and what it wrote to standard error), BUSY (a signal ended it). */
gboolean pup_child_run(const char *const *argv, GError **error);
