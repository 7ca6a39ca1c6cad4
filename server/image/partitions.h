/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * partitions - does a guest's disk hold all that its partition table promises?
 *
 * A copy that broke off leaves a disk that is too short, or one that ends in zeros, and
 * nothing but its own tables tells: where partitions end (MBR with its logical ones,
 * GPT), and the second copy of the GPT at the place that the first one names. A disk
 * without a table promises nothing and passes.
 *
 * The bytes are the guest's: nothing in them is trusted. Threads: any.
 */
#pragma once

#include <glib.h>

typedef struct {
    const char *name; /* for messages */
    guint64 bytes;
    /* Read @len bytes at @offset, all on the disk, into @buf. */
    gboolean (*read)(gpointer data, guint64 offset, guint8 *buf, size_t len,
                     GError **error);
    gpointer data;
} PupPartitionDisk;

/* Check @disk. Errors: CORRUPT with what is promised and what is there; those of
 * disk->read. */
gboolean pup_partitions_check(const PupPartitionDisk *disk, GError **error);

/* TRUE when @sector, the first 512 bytes of a disk, holds a partition table of the old
 * kind (MBR), and not merely a boot sector. */
gboolean pup_partitions_is_mbr(const guint8 *sector);
