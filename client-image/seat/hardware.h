/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hardware - what this PC is
 *
 * Reads /proc/meminfo, /proc/cpuinfo, the boot's id, /sys/firmware and /sys/class/net,
 * loads KVM's modules where /usr/sbin/modprobe is there, and tries KVM.
 * pup_hardware_probe() forks: call it before the program has threads.
 */
#pragma once

#include "client-image/seat/kvm_probe.h"

typedef struct {
    unsigned cpus;          /* 1 .. */
    guint64 memory_mib;     /* all that Linux manages */
    PupKvmFeatures kvm;     /* 0: none */
    const char *no_kvm_why; /* static; NULL when there is KVM */
    gboolean uefi;          /* the PC started by UEFI */
} PupHardware;

/* Errors: those of pup_memory_read(). */
gboolean pup_hardware_probe(PupHardware *hardware, GError **error);

/* Take total and available memory out of the text of /proc/meminfo. Errors: INVALID. */
gboolean pup_memory_parse(const char *meminfo, guint64 *total_mib, guint64 *available_mib,
                          GError **error);
/* The same of this PC now. Errors: INVALID, IO. */
gboolean pup_memory_read(guint64 *total_mib, guint64 *available_mib, GError **error);
/* The name of the network card with the address @mac, a new string. Errors: NOT_FOUND. */
char *pup_network_card(const char *mac, GError **error);
/* The kernel's id of this boot; @fallback where it has none. New string. */
char *pup_boot_id(const char *fallback);
/* Load a kernel module, if there is a modprobe and it has one; never fails. */
void pup_module_load(const char *name);
