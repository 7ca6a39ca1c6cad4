/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * disk_folder - the folder of a disk cache: is it ours, what is in it, how large may it
 * be
 *
 * The folder that the admin gives us is used for nothing else: a file of somebody's in it
 * means that it is the wrong one. Our files are in one subfolder, which one process at a
 * time holds locked.
 *
 * Threads: any.
 */
#pragma once

#include <glib.h>

#define PUP_DISK_FOLDER_NAME "pupitre-cache"

typedef struct {
    char *path;      /* of our subfolder */
    int lock_fd;     /* holds the lock */
    GArray *numbers; /* of guint64: the segments that are there, ascending */
} PupDiskFolder;

/* Lock our subfolder in @folder, made if need be. Errors: DENIED (there is something else
 * in @folder or in ours), BUSY (another process has it), NOT_FOUND, IO. */
gboolean pup_disk_folder_open(PupDiskFolder *disk, const char *folder, GError **error);
void pup_disk_folder_close(PupDiskFolder *disk);

/* What a cache may take by default, its present @used_bytes included: the file system but
 * for a twentieth, and at most 64 GiB, since the table of what is there takes memory
 * (some 2 MiB for each GiB). 0 when that cannot be told. */
guint64 pup_disk_folder_room(const PupDiskFolder *disk, guint64 used_bytes);
