/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * domain_template - the part of the guest's description that the room profile settles
 *
 * templates/domain.xml is filled in twice: here, when a version is published, with what
 * holds for all PCs of the room; on each seat with what holds for that PC. A client image
 * need not know the flags and texts of the first filling: they are gone when it reads the
 * template.
 *
 *     localtime timezone       the clock hardware shows the time of that zone, else UTC
 *
 *     bridge                   the guest is on the PC's network by itself
 *     shares                   the list of them, for the guest to read (lib/shares.h)
 *     kept                     what the guest writes must survive a power cut
 *
 * Pure; any thread.
 */
#pragma once

#include "lib/room_profile.h"
#include "lib/template.h"

/* What a room's guest has, as flags and texts for a domain's template, on a seat and on
 * the server: its firmware (uefi, secure, loader, nvram_template) and its devices (virtio
 * sata ide, qxl virtio_gpu vga, tpm, sound, usb, agent). */
void pup_guest_set_vars(const PupGuest *guest, PupVars *vars);

/* Settle @text, the template, for the room @profile. @rule: the time zone as of POSIX's
 * TZ ("CET-1CEST,M3.5.0,M10.5.0/3"), where pup_room_profile_wants_local_time(), else
 * NULL. New string; errors: INVALID (the template). */
char *pup_domain_template_settle(const char *text, const PupRoomProfile *profile,
                                 const char *rule, GError **error);
