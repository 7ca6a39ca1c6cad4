/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * look - what starts from a disk, told by its partition table and boot files
 *
 *     pup_look_at(&source, &look, &error)
 *     pup_look_needs(&look, "vmdk", &needs)
 *
 * A guess, but one on evidence: an EFI system partition with a loader, code in the boot
 * sector, the folder of Windows' boot manager. What the disk does not tell is left at
 * what a room profile has by default. A few hundred KiB are read at most.
 *
 * Pure, but for what the source reads; one thread.
 */
#pragma once

#include "lib/needs.h"
#include "server/image/fat.h"

typedef struct {
    gboolean partitioned; /* it has a partition table: what is not found is not there */
    gboolean esp;         /* an EFI system partition */
    gboolean uefi;        /* with a loader that a UEFI finds by itself */
    gboolean bios;        /* code that a BIOS runs */
    gboolean windows;
} PupLook;

/* Look at the disk @source. Errors: those of reading. */
gboolean pup_look_at(const PupFatSource *source, PupLook *look, GError **error);

/* What it needs, as far as @look tells; @format is that of the file that it came in
 * ("vmdk"; NULL: unknown): a Windows out of another hypervisor has no VirtIO driver. */
void pup_look_needs(const PupLook *look, const char *format, PupNeeds *needs);

/* TRUE when nothing on the disk starts under @firmware, and something does under the
 * other kind. */
gboolean pup_look_refuses(const PupLook *look, PupFirmware firmware);

/* "a UEFI disk with Windows". Static. */
const char *pup_look_text(const PupLook *look);
