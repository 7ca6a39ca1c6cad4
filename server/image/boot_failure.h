/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * boot_failure - why a guest's agent did not come, as far as can be told from outside
 *
 * Pure; any thread.
 */
#pragma once

#include "lib/guest.h"

/* What a machine with @firmware did that has read @read_bytes of its disk (0: unknown)
 * and written @serial to its serial line: "its firmware (uefi) found nothing to start on
 * the disk, of which it read 36 KiB ...". New string. */
char *pup_boot_failure_text(PupFirmware firmware, guint64 read_bytes, const char *serial);

/* What is known of a machine that starts; zeros at first. */
typedef struct {
    guint64 read_bytes; /* of its disk, when it was looked at last */
    gint64 still_us;    /* since when it reads no more */
} PupBootWatch;

/* Look at it, at the monotonic time @now_us. TRUE: its firmware has found nothing to
 * start, and waiting is in vain: it has read a few sectors and nothing since, for 20 s
 * when it says so on its serial line, else for 90 s. */
gboolean pup_boot_watch(PupBootWatch *watch, guint64 read_bytes, const char *serial,
                        gint64 now_us);
