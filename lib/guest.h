/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guest - the guest settings of a room: what its virtual machine looks like
 *
 * Written by the admin in the [guest] group of the room profile, carried by the manifest,
 * read by the seat. A plain struct; every field has the default that pup_guest_defaults()
 * gives.
 */
#pragma once

#include "lib/usb.h"

/* Ranges, for the profile and the manifest alike. */
#define PUP_GUEST_MEMORY_PERCENT_MIN 10u
#define PUP_GUEST_MEMORY_PERCENT_MAX 95u
#define PUP_GUEST_MEMORY_MIB_MIN 16u
#define PUP_GUEST_MEMORY_MIB_MAX 4194304u
#define PUP_GUEST_CPUS_MAX 512u
/* Bound of a seat's chunk cache (room profile and manifest), MiB. */
#define PUP_CACHE_MIB_MAX 4194304u

typedef enum {
    PUP_FIRMWARE_BIOS,
    PUP_FIRMWARE_UEFI,
    PUP_FIRMWARE_UEFI_SECURE
} PupFirmware;
typedef enum { PUP_DISPLAY_QXL, PUP_DISPLAY_VIRTIO, PUP_DISPLAY_VGA } PupDisplay;
typedef enum { PUP_DISK_VIRTIO, PUP_DISK_SATA, PUP_DISK_IDE } PupDiskBus;
/* NAT: through the PC's address; BRIDGE: a machine of its own on the PC's network. */
typedef enum { PUP_NET_NAT, PUP_NET_BRIDGE, PUP_NET_NONE } PupNet;
/* What the guest's clock hardware shows; AUTO: local time where Hyper-V is on. */
typedef enum { PUP_CLOCK_AUTO, PUP_CLOCK_UTC, PUP_CLOCK_LOCALTIME } PupClock;

typedef struct {
    unsigned memory_percent; /* share of the PC's memory, 10-95; 0: use memory_mib */
    unsigned memory_mib;     /* fixed size, 16-4194304; 0: use memory_percent */
    unsigned cpus;           /* 1-512; 0: all of the PC's but none less than one */
    PupFirmware firmware;
    PupDisplay display;
    PupDiskBus disk_bus;
    PupNet net;
    gboolean tpm;    /* a TPM 2.0 (swtpm), its state as volatile as the overlay */
    gboolean sound;  /* an HD Audio card */
    PupUsb usb;      /* what four SPICE redirection ports let through */
    gboolean agent;  /* the guest agent's and SPICE agent's channels */
    gboolean hyperv; /* Hyper-V enlightenments, for Windows */
    gboolean kept;   /* what it writes stays until the room's next version, on a PC with a
                        disk for it; else until it ends */
    gboolean emulate; /* TRUE: run in software when the PC has no KVM; FALSE: refuse */
} PupGuest;

/* 75 % memory, all CPUs, uefi, qxl, virtio disk, nat, no tpm, everything else on. */
void pup_guest_defaults(PupGuest *guest);

gboolean pup_guest_equal(const PupGuest *a, const PupGuest *b);

/* Words of the enums as they stand in the profile and the manifest ("bios", "uefi",
 * "uefi-secure"; "qxl", "virtio", "vga"; "virtio", "sata", "ide"; "nat", "bridge",
 * "none"; "auto", "utc", "localtime"). Static. */
const char *pup_firmware_name(PupFirmware firmware);
const char *pup_display_name(PupDisplay display);
const char *pup_disk_bus_name(PupDiskBus bus);
const char *pup_net_name(PupNet net);
const char *pup_clock_name(PupClock clock);
/* The reverse; FALSE for an unknown word. */
gboolean pup_firmware_parse(const char *word, PupFirmware *firmware);
gboolean pup_display_parse(const char *word, PupDisplay *display);
gboolean pup_disk_bus_parse(const char *word, PupDiskBus *bus);
gboolean pup_net_parse(const char *word, PupNet *net);
gboolean pup_clock_parse(const char *word, PupClock *clock);
