/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virt - virtual machines on the server, through libvirt
 *
 *     virt = pup_virt_open(settings, &error)
 *     domain = pup_virt_start(virt, xml, &error)
 *     pup_virt_domain_wait(domain, PUP_VIRT_ENDED, timeout_ms, cancellable, &error)
 *     pup_virt_domain_free(domain)               ends it, unless it is kept
 *     pup_virt_free(virt)
 *
 * With [libvirt] uri in the configuration that libvirt daemon has the domains, else
 * libvirt's embedded driver in this process, which needs no daemon. That driver has one
 * place a process, for as long as the process lives: open once, in main's wiring, and
 * never again after pup_virt_free().
 *
 * Nothing is left behind: a domain ends with the process that started it. Where that was
 * killed, pup_virt_sweep() finds and ends what it left (fsck, gc, and the next open do);
 * a daemon ends it by itself. Only pup_virt_open_kept() has domains that outlive their
 * process: to be found again by its next opening, with pup_virt_find().
 *
 * Files: STATE/run/virt-*.place, STATE/cache/libvirt, and a folder of the driver's own
 * (virt_place.h). Threads: one of its own for libvirt's events; all functions but open
 * and free from any thread.
 */
#pragma once

#include <gio/gio.h>
#include "server/settings.h"

typedef struct PupVirt PupVirt;
typedef struct PupVirtDomain PupVirtDomain;

/* What is true of a domain now; one of the first eight, and perhaps the agent's. */
typedef enum {
    PUP_VIRT_RUNNING = 1 << 0,
    PUP_VIRT_PAUSED = 1 << 1,    /* by somebody */
    PUP_VIRT_FULL = 1 << 2,      /* paused: no room left for its disk; resume retries */
    PUP_VIRT_HALTED = 1 << 3,    /* paused: another I/O error of its disk */
    PUP_VIRT_ENDED = 1 << 4,     /* the guest shut down */
    PUP_VIRT_CRASHED = 1 << 5,   /* the guest panicked, or QEMU ended otherwise */
    PUP_VIRT_DESTROYED = 1 << 6, /* by us, or by an administrator */
    PUP_VIRT_LOST = 1 << 7,      /* the connection to the libvirt daemon broke */
    PUP_VIRT_AGENT = 1 << 8,     /* its guest agent is there */
    PUP_VIRT_NO_AGENT = 1 << 9,  /* it is not: the reverse of the one before */
} PupVirtStates;

/* It will not run again. */
#define PUP_VIRT_GONE                                                                    \
    (PUP_VIRT_ENDED | PUP_VIRT_CRASHED | PUP_VIRT_DESTROYED | PUP_VIRT_LOST)
/* It does not run, and will not by itself. */
#define PUP_VIRT_STUCK (PUP_VIRT_GONE | PUP_VIRT_FULL | PUP_VIRT_HALTED)

/* Connect. Errors: NET (no libvirt daemon answers at [libvirt] uri), UNSUPPORTED (no QEMU
 * driver, or its user is missing), IO. */
PupVirt *pup_virt_open(const PupSettings *settings, GError **error);
/* The same for domains that outlive this process: @name (as pup_ident_check() has it)
 * tells them from others. Errors: BUSY (another process has @name open), as above. */
PupVirt *pup_virt_open_kept(const PupSettings *settings, const char *name,
                            GError **error);
/* No domain of this kept opening is wanted any more: its place goes when it is freed, and
 * what still runs in it. */
void pup_virt_end_kept(PupVirt *virt);
/* All its domains must have been freed. */
void pup_virt_free(PupVirt *virt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupVirt, pup_virt_free)

/* How much of KVM the domains of @virt use: what it refused once is not asked for again.
 */
typedef enum {
    PUP_VIRT_KVM_NONE,   /* they are emulated: [libvirt] accel, or KVM is not there */
    PUP_VIRT_KVM_PLAIN,  /* without the Hyper-V flags */
    PUP_VIRT_KVM_HYPERV, /* with them, for guests that like them */
} PupVirtKvm;

PupVirtKvm pup_virt_kvm(PupVirt *virt);
/* From now on no more than @most of it. */
void pup_virt_lower_kvm(PupVirt *virt, PupVirtKvm most);

/* Path of the QEMU that runs an x86_64 guest. Static. */
const char *pup_virt_emulator(PupVirt *virt);

/* Start the transient domain that @xml describes, whose name must begin with "pupitre-";
 * an element <metadata> of its own is put into it. Returns when it runs. Errors: EXISTS
 * (a domain of that name runs), INVALID (libvirt does not like @xml), IO (with QEMU's
 * words). */
PupVirtDomain *pup_virt_start(PupVirt *virt, const char *xml, GError **error);

/* The domain @name of an earlier process, of the same kept opening. Errors: NOT_FOUND. */
PupVirtDomain *pup_virt_find(PupVirt *virt, const char *name, GError **error);
/* Names of all domains of this opening that run, NULL-terminated. */
char **pup_virt_names(PupVirt *virt, GError **error);

/* Let go of @domain. One that still runs is ended, unless it is of a kept opening. */
void pup_virt_domain_free(PupVirtDomain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupVirtDomain, pup_virt_domain_free)

const char *pup_virt_domain_name(const PupVirtDomain *domain);

/* What is true now. */
PupVirtStates pup_virt_domain_states(PupVirtDomain *domain);

/* Wait until one of @until is true, at most @timeout_ms (< 0: for ever). Returns what is
 * true then. 0 on error: TIMEOUT, cancelled. */
PupVirtStates pup_virt_domain_wait(PupVirtDomain *domain, PupVirtStates until,
                                   gint64 timeout_ms, GCancellable *cancellable,
                                   GError **error);

/* How often the guest has restarted since it was started or found. */
unsigned pup_virt_domain_n_reboots(PupVirtDomain *domain);

/* Ask the guest to shut down, its agent where there is one, else by ACPI. Returns at
 * once; it may take its time or not listen. Errors: NOT_FOUND (it does not run), IO. */
gboolean pup_virt_domain_shutdown(PupVirtDomain *domain, GError **error);
/* Ask the guest's agent to restart it; pup_virt_domain_n_reboots() tells when it did.
 * Errors: NOT_FOUND (no agent, or it does not run), IO. */
gboolean pup_virt_domain_reboot(PupVirtDomain *domain, GError **error);
/* End it at once; one that is gone is fine. Errors: IO. */
gboolean pup_virt_domain_destroy(PupVirtDomain *domain, GError **error);
/* Let a paused one go on; what failed is tried again. Errors: NOT_FOUND, IO. */
gboolean pup_virt_domain_resume(PupVirtDomain *domain, GError **error);

/* Press a key of its keyboard for a moment (@key: KEY_* of Linux' input-event-codes.h).
 * Nobody may be there to take it. */
void pup_virt_domain_press_key(PupVirtDomain *domain, unsigned key);

/* Where to watch it: "spice://127.0.0.1:5901" or "spice+unix:///path", new string. NULL
 * where it has no SPICE display, or on error. */
char *pup_virt_domain_spice(PupVirtDomain *domain, GError **error);

/* Save its screen as the PNG file @path. Errors: UNSUPPORTED (no screen, or QEMU gives no
 * PNG), IO. */
gboolean pup_virt_domain_screenshot(PupVirtDomain *domain, const char *path,
                                    GError **error);

/* What it has read of its disks so far, in bytes; 0 if unknown. */
guint64 pup_virt_domain_read_bytes(PupVirtDomain *domain);
/* What it has written to the disk @target ("vda") so far, in bytes; 0 if unknown. */
guint64 pup_virt_domain_written(PupVirtDomain *domain, const char *target);

/* Give the guest agent the JSON @command and return its JSON answer, new string. Waits at
 * most @timeout_s. For agent.c. Errors: TIMEOUT, NOT_FOUND (no agent, or
 * the domain is gone), IO (the agent refuses; its words). */
char *pup_virt_domain_agent(PupVirtDomain *domain, const char *command, int timeout_s,
                            GError **error);

/* End and remove what killed processes left: domains, QEMU processes, the driver's
 * folders. With @dry_run only count. *@n: how much. Asks the libvirt daemon where one is
 * configured. Errors: NET. */
gboolean pup_virt_sweep(const PupSettings *settings, gboolean dry_run, unsigned *n,
                        GError **error);

/* Have the libvirt daemon know images/masters and images/rooms as its storage pools
 * "POOL-masters" and "POOL-rooms", with all that is in them now: virsh and virt-manager
 * show masters and sub-masters as volumes. Does nothing without [libvirt] uri. Errors:
 * NET, EXISTS (a pool of that name has another folder), UNSUPPORTED (the daemon has no
 * storage driver), IO. */
gboolean pup_virt_refresh_pools(const PupSettings *settings, GError **error);
