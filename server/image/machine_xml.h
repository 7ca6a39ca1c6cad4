/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * machine_xml - a virtual machine of the workshop for libvirt: facts in, text out
 *
 * templates/workshop.xml uses these texts, all of them
 *
 *     name title memory_mib cpus emulator disk iso drivers_iso answers_iso loader
 *     nvram_template nvram serial_log timezone
 *
 * and of these flags those that it likes
 *
 *     kvm                      runs in KVM
 *     hyperv                   enlightenments: the guest likes them, and KVM has them
 *     uefi secure              firmware (secure implies uefi)
 *     utc localtime zone       what the clock hardware shows: UTC, the server's time,
 * that of a zone; one of them virtio sata ide          the disk's bus, and what goes with
 * it durable                  what the guest has flushed survives the end of the server
 *     qxl virtio_gpu vga       the display
 *     watched                  SPICE on 127.0.0.1, else nowhere
 *     tpm sound usb agent      as in the room profile
 *     serial                   its serial line is kept in a file
 *     install drivers answers  there is such a disc
 *
 * Pure, but that it reads the template; any thread.
 */
#pragma once

#include "lib/guest.h"

/* Strings are borrowed. */
typedef struct {
    const char *name, *title;
    const PupGuest *guest; /* what only a seat has is left out: memory, CPUs, the PC's
                              network, USB by class, persistence */
    gboolean kvm;
    gboolean hyperv; /* and KVM has the enlightenments that the guest may like */
    gboolean watched;
    gboolean durable;
    gboolean local_time;  /* the clock hardware shows local time, else UTC */
    const char *timezone; /* of it, "Europe/Paris"; NULL: the server's */
    unsigned cpus, memory_mib;
    const char *emulator;    /* path of QEMU */
    const char *disk;        /* path, a qcow2 */
    const char *nvram;       /* path of the machine's own UEFI variables */
    const char *serial_log;  /* path or NULL */
    const char *iso;         /* path of a disc to start from while the disk is empty, or
                                NULL */
    const char *drivers_iso; /* path or NULL */
    const char *answers_iso; /* path or NULL */
} PupMachine;

/* Fill in the template @path. New string; errors: INVALID, those of reading. */
char *pup_machine_xml(const char *path, const PupMachine *machine, GError **error);
