/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * install - a master out of an installation ISO
 *
 * A virtual machine starts from the ISO with an empty disk, and with a small disc that
 * answers what the installer asks. When its guest shuts down, the disk becomes the
 * master's next version, as an imported one does. When anything else ends it, nothing
 * stays behind; what a killed process leaves, pup_workshop_sweep() finds.
 *
 * Files while it runs: images/masters/.NAME.qcow2.tmp, run/install-NAME/.
 */
#pragma once

#include "server/image/image.h"
#include "server/image/install_xml.h"
#include "server/image/virt.h"

/* Strings are borrowed. */
typedef struct {
    const char *iso;     /* what to install from */
    const char *drivers; /* a disc with VirtIO drivers for Windows, or NULL */
    const char *answers; /* a file or a folder for the installer to find on a disc; NULL:
                            our own for Windows, none for others */
    PupInstallAnswers windows; /* what ours say; its os, firmware and drivers are set */
    PupInstallOs os;
    PupFirmware firmware;
    guint64 disk_bytes;
    unsigned cpus, memory_mib;

    /* Called when the machine runs; @spice: where to watch, may be NULL. */
    void (*started)(gpointer data, const char *spice);
    gpointer data;
} PupInstall;

/* Install @name. Errors: INVALID (not an ISO, nothing was installed), NOT_FOUND, BUSY,
 * NO_SPACE, UNSUPPORTED (libvirt, QEMU or xorriso is missing), those of
 * pup_master_import(), cancelled. */
gboolean pup_master_install(const PupWorkshop *shop, PupVirt *virt, const char *name,
                            const PupInstall *install, PupPublishReport *report,
                            GError **error);
