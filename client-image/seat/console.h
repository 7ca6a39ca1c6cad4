/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * console - the guest's serial line, forwarded to the seat's standard output
 *
 * QEMU connects to our Unix socket; each line that comes is written as "guest: <line>".
 * A guest that talks faster than the output takes it loses lines (their number is
 * written), and never waits; memory is bounded.
 *
 * Threads: the main one. Callbacks from the main context.
 */
#pragma once

#include <glib.h>

typedef struct PupConsole PupConsole;

/* Listen on @path (an old socket is replaced); write to @out_fd (borrowed). @on_sign is
 * called for the first byte of each connection, that is, of each guest. Errors: IO. */
PupConsole *pup_console_new(const char *path, int out_fd, GSourceFunc on_sign,
                            gpointer user, GError **error);
void pup_console_free(PupConsole *console);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupConsole, pup_console_free)
