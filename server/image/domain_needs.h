/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * domain_needs - what a libvirt domain's disk needs, read in the domain's XML
 *
 * Firmware (loader, secure, or the firmware that libvirt was to choose), TPM, the disk's
 * bus, the clock and Hyper-V's flags: a guest that ran so starts so in a room. Pure; any
 * thread.
 */
#pragma once

#include "lib/needs.h"

/* Read @xml, of a domain with the disk @target ("vda"). *@change says what it tells: not
 * the bus where that is none of ours (scsi, usb). Errors: INVALID. */
gboolean pup_domain_needs_read(const char *xml, const char *target,
                               PupNeedsChange *change, GError **error);
