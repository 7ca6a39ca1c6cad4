/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seat - one PC's way through the day, carried out
 *
 * Wires the machine (seat_machine.h) to the world: gives its orders to whoever can carry
 * them out, hands it what happens, and tells the screen and the server.
 *
 * What the client image must have for it, besides the libraries that it is linked with:
 *
 *     programs      nbdkit qemu-img qemu-system-x86_64 (PATH), /usr/sbin/modprobe,
 *                   udevadm (for a local disk), swtpm swtpm_setup (for a TPM)
 *     libvirt       libvirt/connection-driver/libvirt_driver_qemu.so, its cpu_map, a user
 *                   and a group "libvirt-qemu"
 *     firmware      SeaBIOS, VGA BIOSes, /usr/share/OVMF/OVMF_{CODE,VARS}_4M{,.ms}.fd
 *     modules       kvm-intel kvm-amd zram lz4 ext4 macvtap; tmpfs where there is no zram
 *     files         /etc/pupitre/server.pub, /usr/lib/pupitre/nbdkit-pupitre-plugin.so
 *     file systems  /proc /sys /dev (devtmpfs) /run /tmp
 *     rights        root
 *
 * Threads: the main one; slow calls run in one of their own, one at a time.
 */
#pragma once

#include "client-image/seat/hardware.h"
#include "client-image/seat/options.h"

typedef struct PupSeat PupSeat;

/* Called once, when everything is cleared after pup_seat_quit(). */
typedef void (*PupSeatOver)(gpointer user);

/* @options and @hardware are borrowed and must stay. Errors: IO (run folder, sockets). */
PupSeat *pup_seat_new(const PupSeatOptions *options, const PupHardware *hardware,
                      PupSeatOver on_over, gpointer user, GError **error);
void pup_seat_free(PupSeat *seat);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupSeat, pup_seat_free)

/* Start; the rest happens in the main loop. */
void pup_seat_begin(PupSeat *seat);

/* Shut the guest down, clear everything. */
void pup_seat_quit(PupSeat *seat);
