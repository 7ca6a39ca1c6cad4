/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unchanged - was a file written to while it was read?
 *
 *     g_autoptr(PupUnchanged) seen = pup_unchanged_new();
 *     pup_unchanged_add(seen, path, &error)      before it is read
 *     pup_unchanged_check(seen, &error)          afterwards
 *
 * QEMU reads zeros behind the end of a file that gets shorter meanwhile, and a file that
 * is still being copied is half old and half new: neither is a disk that anybody had.
 * Told by the file's number, size and time of change, as far as the file system keeps
 * them. Block devices have no such time and always pass. One thread.
 */
#pragma once

#include <glib.h>

typedef struct PupUnchanged PupUnchanged;

PupUnchanged *pup_unchanged_new(void);
void pup_unchanged_free(PupUnchanged *seen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupUnchanged, pup_unchanged_free)

/* Remember how @path is now. Errors: NOT_FOUND, DENIED, IO. */
gboolean pup_unchanged_add(PupUnchanged *seen, const char *path, GError **error);

/* Errors: BUSY, naming the first file that is another than it was. */
gboolean pup_unchanged_check(const PupUnchanged *seen, GError **error);
