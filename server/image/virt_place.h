/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virt_place - where a process keeps its virtual machines, and what is left of those of
 * processes that were killed
 *
 *     place = pup_virt_place_take(settings, NULL, TRUE, &error)
 *     ... libvirt's embedded driver under place->root ...
 *     pup_virt_place_free(place)
 *
 * A place is the file STATE/run/virt-ID.place, locked as long as its process lives, which
 * names the driver's root folder. The root is short, outside the state folder: libvirt
 * puts sockets into it, whose paths end at 107 bytes. A killed process lets go of the
 * lock and leaves its QEMU behind, since the embedded driver cannot end a domain with its
 * starter: every such process has the root in its command line, and that is how they are
 * found and ended.
 *
 * For virt.c alone. Threads: any, one place a thread.
 */
#pragma once

#include "server/settings.h"

typedef struct {
    char *id;   /* "PID-RANDOM", or "keep-NAME" */
    char *file; /* STATE/run/virt-ID.place */
    char *root; /* of the embedded driver; NULL where a libvirt daemon has the domains */
    gboolean kept;
    int fd;
} PupVirtPlace;

/* Take a place: a new one, or the one that @keep names, which stays what it was when its
 * last process ended. @embedded: it needs a root. Errors: BUSY (another process has that
 * one open), IO. */
PupVirtPlace *pup_virt_place_take(const PupSettings *settings, const char *keep,
                                  gboolean embedded, GError **error);
/* Let go. All of one that is not kept is removed, and processes in it are ended. */
void pup_virt_place_free(PupVirtPlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupVirtPlace, pup_virt_place_free)

/* TRUE when the place @id is open in a process, or is a kept one. */
gboolean pup_virt_place_is_wanted(const PupSettings *settings, const char *id);

/* End and remove what dead processes left: each place that no process has open, but for
 * kept ones in which something still runs. With @dry_run only count. Returns the number
 * of places. */
unsigned pup_virt_places_sweep(const PupSettings *settings, gboolean dry_run);
