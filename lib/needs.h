/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * needs - what a disk asks of the machine that runs it
 *
 * A system that was installed under one firmware does not start under another, and one
 * without a driver for its disk does not start at all. So a master's manifest says what
 * its disk needs; `room add` writes that into the profile of a room of it, in the
 * profile's own keys: firmware, disk, clock, tpm, hyperv. The model of the network card
 * goes with the disk's bus.
 *
 *     change: some of the keys, as an admin, an installer or a libvirt domain told them
 *     pup_needs_change_apply(&change, &needs)
 *
 * Plain structs, without anything to free. Pure; any thread.
 */
#pragma once

#include "lib/guest.h"

typedef struct {
    PupFirmware firmware;
    PupDiskBus disk_bus;
    PupClock clock;
    gboolean tpm;
    gboolean hyperv;
} PupNeeds;

/* What a profile that says nothing has: uefi, virtio, auto, no TPM, Hyper-V's flags. */
void pup_needs_defaults(PupNeeds *needs);
gboolean pup_needs_equal(const PupNeeds *a, const PupNeeds *b);

/* "firmware = uefi, disk = virtio, clock = localtime, tpm = no, hyperv = yes": what
 * would stand in a profile. New string. */
char *pup_needs_text(const PupNeeds *needs);

/* "uefi" and "uefi-secure" start the same disks, "bios" others. */
gboolean pup_firmware_is_uefi(PupFirmware firmware);

typedef enum {
    PUP_NEED_FIRMWARE = 1 << 0,
    PUP_NEED_DISK = 1 << 1,
    PUP_NEED_CLOCK = 1 << 2,
    PUP_NEED_TPM = 1 << 3,
    PUP_NEED_HYPERV = 1 << 4,
} PupNeedKeys;

/* Only what @set names counts. */
typedef struct {
    PupNeedKeys set;
    PupNeeds needs;
} PupNeedsChange;

/* Have @change say @word for the profile's key @key; "yes" and "no" for tpm and hyperv.
 * Errors: INVALID, with the words that there are. */
gboolean pup_needs_change_set(PupNeedsChange *change, const char *key, const char *word,
                              GError **error);
/* Have @change say all of @needs. */
void pup_needs_change_all(PupNeedsChange *change, const PupNeeds *needs);
/* Have what @over says take the place of what @change says. */
void pup_needs_change_merge(PupNeedsChange *change, const PupNeedsChange *over);
/* Change @needs. */
void pup_needs_change_apply(const PupNeedsChange *change, PupNeeds *needs);
