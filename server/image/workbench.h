/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * workbench - a disk that is worked on: a virtual machine on the server that runs it
 *
 *     PupWorkbench bench = {.name = "edit-lab-101", .disk = ..., .folder = ...};
 *     pup_workbench_of_room(&bench, profile)
 *     domain = pup_workbench_start(shop, virt, &bench, &error)
 *     pup_workbench_stop(domain, seconds, cancellable, &error)
 *
 * The machine is the room's guest as a seat would run it (templates/workshop.xml), but
 * for what only a PC has. It writes to the qcow2 file itself. It is on a network of its
 * own behind the server's address, so that what is to be installed can be downloaded.
 *
 * Files: in the bench's folder nvram.fd, the UEFI variables, and serial.log, what the
 * guest writes to its first serial line. A TPM's state lives as long as the machine.
 * Threads: as of virt.h.
 */
#pragma once

#include "server/image/image.h"
#include "server/image/virt.h"

/* Strings are borrowed. */
typedef struct {
    const char *name;      /* the domain is "pupitre-NAME" */
    const char *title;     /* for whoever looks at libvirt's list; NULL: none */
    const char *disk;      /* absolute path of the qcow2 that the guest writes */
    const PupGuest *guest; /* as of pup_workbench_of_room(), like the next two */
    gboolean local_time;   /* its clock hardware shows local time, else UTC */
    const char *timezone;  /* of it; NULL: the server's */
    gboolean display;      /* SPICE on 127.0.0.1, see pup_virt_domain_spice(); else only a
                              screen for pup_virt_domain_screenshot() */
    gboolean durable;      /* what the guest flushes survives a power cut of the server */
    const char *folder;    /* absolute, made by the caller, e.g. run/NAME */
    unsigned cpus;         /* 0: the guest's, at most four and those of the server */
    unsigned memory_mib;   /* 0: the guest's, else 4096; at most half of the server's */
} PupWorkbench;

/* Take guest settings and clock of @profile, which must outlive @bench. */
void pup_workbench_of_room(PupWorkbench *bench, const PupRoomProfile *profile);

/* Start the machine; returns when it runs. Errors: those of pup_virt_start(). */
PupVirtDomain *pup_workbench_start(const PupWorkshop *shop, PupVirt *virt,
                                   const PupWorkbench *bench, GError **error);

/* How a machine that is @states ended: TRUE when its guest shut down. Errors: NO_SPACE or
 * IO (its disk cannot be written, it stands still; or it crashed), NET (the libvirt
 * daemon is gone). */
gboolean pup_workbench_check_end(PupVirtDomain *domain, PupVirtStates states,
                                 GError **error);

/* Wait for the end of the guest, however long. Errors: those of
 * pup_workbench_check_end(), cancelled. */
gboolean pup_workbench_wait(PupVirtDomain *domain, GCancellable *cancellable,
                            GError **error);

/* Have the guest shut down and wait for its end, at most @timeout_s. Errors: TIMEOUT
 * (it does not, it still runs), those of pup_workbench_check_end(), cancelled. */
gboolean pup_workbench_stop(PupVirtDomain *domain, unsigned timeout_s,
                            GCancellable *cancellable, GError **error);
