/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zram - a block device of our own in compressed memory
 *
 * Loads the module if need be. Wants root. Files: /sys/class/zram-control,
 * /sys/block/zramN, /dev/zramN. Threads: one at a time.
 */
#pragma once

#include "client-image/seat/space.h"

typedef struct {
    unsigned number;   /* of /dev/zramN */
    guint64 limit_mib; /* of memory that it may take */
    guint64 disk_mib;  /* that it seems to have */
} PupZram;

/* Make a device that takes at most @limit_mib of memory and shows twice that. Errors:
 * UNSUPPORTED (no zram here), DENIED, IO. */
gboolean pup_zram_new(PupZram *zram, guint64 limit_mib, GError **error);

/* Empty it: all zeros, no memory in use. Errors: IO (in use). */
gboolean pup_zram_reset(const PupZram *zram, GError **error);

/* How full it is: by its memory, or, where that which is written compresses well, by its
 * size, whichever is fuller. FALSE when that cannot be read. */
gboolean pup_zram_space(const PupZram *zram, PupSpace *space);

/* Remove it. */
void pup_zram_remove(const PupZram *zram);

/* The same out of mm_stat's text. FALSE when it makes no sense. */
gboolean pup_zram_parse_space(const PupZram *zram, const char *mm_stat, PupSpace *space);
