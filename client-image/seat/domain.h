/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * domain - the guest as libvirt's embedded QEMU driver runs it; no libvirt daemon
 *
 *     hypervisor = pup_hypervisor_new(root, emulator, on_event, user, &error);
 *     pup_hypervisor_start(hypervisor, xml, &error)       any thread, takes seconds
 *     ... on_event(STARTED AGENT ... ENDED or CRASHED) ...
 *     pup_hypervisor_end(hypervisor)                      any thread
 *     pup_hypervisor_free(hypervisor)                     last
 *
 * At most one guest at a time. Opening the connection and asking QEMU what it can do
 * begins in the background with pup_hypervisor_new(), since it takes seconds; whoever
 * needs it waits for it.
 *
 * Files: all under @root (libvirt's state, QEMU's log in root/log/qemu/guest.log).
 * Threads: on_event is called by whoever runs the default main context.
 */
#pragma once

#include <glib.h>

typedef enum {
    PUP_GUEST_ENDED,   /* it shut down */
    PUP_GUEST_CRASHED, /* QEMU ended otherwise, or the guest panicked */
    PUP_GUEST_FULL,    /* paused: the overlay has no room left */
    PUP_GUEST_HALTED,  /* paused: its disk gave another I/O error */
    PUP_GUEST_RESUMED, /* goes on after a pause */
    PUP_GUEST_AGENT,   /* its guest agent answers */
    PUP_GUEST_RESET,   /* it has restarted its machine */
} PupGuestEvent;

typedef void (*PupGuestEventFunc)(gpointer user, PupGuestEvent event);

typedef struct PupHypervisor PupHypervisor;

/* @root: a folder that this program alone uses, made if need be; @emulator: path of QEMU;
 * @kvm: it will run guests in KVM. A guest that was left behind under @root is ended.
 * Errors: IO. Never fails for libvirt's sake: pup_hypervisor_start() tells. */
PupHypervisor *pup_hypervisor_new(const char *root, const char *emulator, gboolean kvm,
                                  PupGuestEventFunc on_event, gpointer user,
                                  GError **error);
/* Ends the guest and the connection. No call may be under way. */
void pup_hypervisor_free(PupHypervisor *hypervisor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupHypervisor, pup_hypervisor_free)

/* Wait until the connection is open, or cannot be: a guest that was left behind is gone
 * then. Any thread. */
void pup_hypervisor_await(PupHypervisor *hypervisor);

/* Start the guest that @xml describes. Returns when it runs. Errors: IO (libvirt's and
 * QEMU's words), INVALID (it does not like @xml). */
gboolean pup_hypervisor_start(PupHypervisor *hypervisor, const char *xml, GError **error);

/* Ask the guest to shut down (ACPI); it may take its time or not listen. */
void pup_hypervisor_ask_shutdown(PupHypervisor *hypervisor);

/* Let a paused guest go on: what failed is tried again. */
void pup_hypervisor_resume(PupHypervisor *hypervisor);

/* End the guest at once, if there is one. No event comes of it. */
void pup_hypervisor_end(PupHypervisor *hypervisor);
