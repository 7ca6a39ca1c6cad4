/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * canary - a version on trial: one seat runs it before its room gets it
 *
 *     pup_trial_plan(shop, room, profile, "pc01", &trial, &error)   before any work
 *     ... publish ...
 *     pup_trial_move(shop, room, &trial, &error)     where there was nothing to publish
 *
 * The store keeps the version and the seat's MAC (store.h, PupCanary); this is what
 * people call them. For who holds the lock of the room.
 */
#pragma once

#include "server/image/image.h"

typedef struct {
    PupCanary now;                 /* what is on trial; version 0: nothing */
    char seat[PUP_SEAT_MAC_BYTES]; /* that is to try out what is made; "": all of the room
                                      is to have it */
} PupTrial;

/* See whether @room can be given a version, or its seat @canary (name or MAC of @profile;
 * NULL: the room). Errors: BUSY (something is on trial, and this is not for a canary),
 * NOT_FOUND (no such seat; the others would have nothing to run), CORRUPT. */
gboolean pup_trial_plan(const PupWorkshop *shop, const char *room,
                        const PupRoomProfile *profile, const char *canary,
                        PupTrial *trial, GError **error);
/* What is on trial already is what @trial's seat shall try out: give it that. Where
 * nothing is on trial nothing happens. */
gboolean pup_trial_move(const PupWorkshop *shop, const char *room, const PupTrial *trial,
                        GError **error);

/* The seat of @profile that @text names: its name or MAC. @profile's. Errors: NOT_FOUND.
 */
const PupRoomSeat *pup_canary_find_seat(const PupRoomProfile *profile, const char *room,
                                        const char *text, GError **error);

/* The name of @room's seat that @seat (name or MAC) means; @seat itself where the profile
 * has it no more. New string. */
char *pup_canary_seat_name(PupCatalog *catalog, const char *room, const char *seat);
