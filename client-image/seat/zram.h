/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zram - a block device of our own in compressed memory
 *
 * Loads the module if need be. Wants root. Files: /sys/class/zram-control,
 * /sys/block/zramN, /dev/zramN. Threads: one at a time.
 */
#pragma once

#include <glib.h>

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

/* Percent of its memory that is in use; 0 when that cannot be read. */
unsigned pup_zram_used_percent(const PupZram *zram);

/* Remove it. */
void pup_zram_remove(const PupZram *zram);

/* Third number, bytes of memory in use, of mm_stat's text. FALSE when it makes no sense.
 */
gboolean pup_zram_parse_used(const char *mm_stat, guint64 *used_bytes);
