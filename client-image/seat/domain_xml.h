/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * domain_xml - the guest's description for libvirt: template and facts in, text out
 *
 * The template comes with the version's manifest (templates/domain.xml of the server that
 * published it, settled: lib/domain_template.h). It uses these texts, all of them
 *
 *     uuid memory_mib cpus emulator overlay nbd_socket serial_socket spice_socket net_mac
 *     loader nvram_template nvram
 *
 * and, unless it was published before there was one, nbd_export: the number of the
 * version. A template without it reads the export "". In a room whose guest is bridged
 * there is net_card, too: the name of the PC's network card.
 *
 * Of these flags it uses those that it likes
 *
 *     kvm arch_capabilities    runs in KVM; which can give MSR 0x10a to a guest
 *     hyperv windows           enlightenments, where KVM has them; the room asks for them
 *                              (an older template's clock)
 *     uefi secure              firmware (secure implies uefi)
 *     virtio sata ide          the disk's bus, and what goes with it
 *     qxl virtio_gpu vga       the display
 *     block                    the overlay is a block device, else a file
 *     net                      the guest has a network card
 *     tpm sound usb agent      as in the room profile
 *
 * Pure; any thread.
 */
#pragma once

#include "client-image/seat/kvm_probe.h"
#include "lib/guest.h"

/* Strings are borrowed. */
typedef struct {
    const PupGuest *guest;
    PupKvmFeatures kvm; /* 0: software emulation */
    unsigned cpus;      /* 1 .. */
    guint64 memory_mib;
    const char *mac;      /* of the PC: the guest's addresses are derived from it */
    const char *emulator; /* path of QEMU */
    const char *overlay;  /* path */
    gboolean overlay_is_block;
    const char *net_card; /* of the PC; of a bridged guest only */
    const char *nbd_socket, *serial_socket, *spice_socket;
    unsigned version;  /* of the room: the export that is read */
    const char *nvram; /* path of the guest's own UEFI variables */
} PupDomainSpec;

/* Render @template. New string; errors: INVALID. */
char *pup_domain_xml(const char *template, const PupDomainSpec *spec, GError **error);

/* TRUE when @template says which export it reads. */
gboolean pup_domain_names_export(const char *template);

/* How many CPUs a guest gets that asks for @wanted (0: all) on a PC with @have. */
unsigned pup_domain_cpus(unsigned wanted, unsigned have);
