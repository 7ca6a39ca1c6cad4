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
