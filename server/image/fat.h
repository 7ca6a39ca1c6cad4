/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fat - is there a file of that name in a FAT file system?
 *
 * Reads as much of FAT12, FAT16 and FAT32 as finding a name takes: boot sector, table,
 * folders. Nothing of it is trusted: sizes are bounded, chains that go round end, and
 * what makes no sense has no files.
 *
 * Pure, but for what the source reads; one thread.
 */
#pragma once

#include <glib.h>

/* Bytes to look into: a disk, or a part of it. */
typedef struct {
    /* Read @len bytes at @offset of the disk; zeros behind its end. */
    gboolean (*read)(gpointer data, guint64 offset, guint8 *buf, size_t len,
                     GError **error);
    gpointer data;
    guint64 offset; /* where the file system begins, bytes */
} PupFatSource;

/* Look for @path, ASCII with '/' between names ("EFI/BOOT/BOOTX64.EFI"), file or folder,
 * in capitals or not. *@found: FALSE also where there is no such file system. Errors:
 * those of reading. */
gboolean pup_fat_find(const PupFatSource *source, const char *path, gboolean *found,
                      GError **error);
