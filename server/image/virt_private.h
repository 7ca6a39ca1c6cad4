/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virt_private - what virt*.c share; this side's one file that includes libvirt's headers
 */
#pragma once

#include "server/image/virt.h"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "lib/error.h"
#include "server/image/virt_place.h"
#include "server/image/virt_xml.h"

#define PUP_VIRT_NAME_PREFIX "pupitre-"
#define PUP_VIRT_N_SUBSCRIPTIONS 4

struct PupVirt {
    char *state_dir;
    PupVirtPlace *place;
    virConnectPtr connection;
    int subscriptions[PUP_VIRT_N_SUBSCRIPTIONS];
    int tick;
    GThread *event_thread;
    gint stopping; /* atomic: the event thread shall end */
    gboolean may_kvm;
    gboolean asked; /* libvirt, for the next two */
    PupVirtKvm kvm;
    char *emulator;

    GMutex lock; /* of what follows, and of the domains' states */
    GCond changed;
    GPtrArray *domains; /* borrowed: all that are watched */
};

struct PupVirtDomain {
    PupVirt *virt;
    virDomainPtr domain;
    char uuid[VIR_UUID_BUFLEN];
    char *name;
    PupVirtStates life; /* one of the first eight */
    gboolean agent;
    gboolean life_told, agent_told; /* since it is watched */
    unsigned n_reboots;
};

/* Our code for libvirt's error @why. */
PupErrorCode pup_virt_error_code(int why);

/* Set @error from libvirt's last error of this thread; @format says what failed, on which
 * object. No call of libvirt may stand among its arguments: each forgets the last error.
 */
void pup_virt_set_error(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A virErrorFunc: libvirt prints errors to standard error unless it is told not to; ours
 * are reported. */
void pup_virt_swallow_error(void *opaque, virErrorPtr problem);

/* Connect to the configured libvirt daemon, for a short question. Errors: NET. */
virConnectPtr pup_virt_connect_daemon(const PupSettings *settings, GError **error);

/* Tell @virt's domains what becomes of them, from now on. Errors: IO. */
gboolean pup_virt_subscribe(PupVirt *virt, GError **error);
void pup_virt_unsubscribe(PupVirt *virt);

/* Note what became of @watched (0: nothing new) and wake who waits. With the lock held.
 */
void pup_virt_set_life(PupVirtDomain *watched, PupVirtStates life);

/* Read what stands in @domain's XML. Errors: NOT_FOUND (it has ended), IO. */
gboolean pup_virt_read_facts(virDomainPtr domain, PupVirtFacts *facts, GError **error);
