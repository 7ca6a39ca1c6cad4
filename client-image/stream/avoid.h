/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * avoid - whom not to ask for a while, and what to tell the server of it
 *
 * Who gave wrong bytes is avoided for five minutes: that is no accident. Who was slow or
 * not there is avoided for half a second, twice as long each further time, half a minute
 * at most; being slow once is forgiven. What was learned is to be reported once, and not
 * before it has happened twice, but for wrong bytes: the server must hear of seats that
 * have gone, not of each dropped packet.
 *
 * Reads no clock: times are arguments. Threads: not locked; the owner serialises.
 */
#pragma once

#include <glib.h>

typedef enum { PUP_FAULT_CORRUPT, PUP_FAULT_SLOW, PUP_FAULT_UNREACHABLE } PupFault;

/* "corrupt", "slow", "unreachable": as the server wants them. Static. */
const char *pup_fault_name(PupFault fault);

typedef struct PupAvoid PupAvoid;

PupAvoid *pup_avoid_new(void);
void pup_avoid_free(PupAvoid *avoid);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupAvoid, pup_avoid_free)

/* @who has failed at @now_us. TRUE: worth a report. */
gboolean pup_avoid_blame(PupAvoid *avoid, const char *who, PupFault fault, gint64 now_us);

/* @who did well: what it did before is forgotten, but for wrong bytes. */
void pup_avoid_forgive(PupAvoid *avoid, const char *who);

/* TRUE while @who is to be avoided. */
gboolean pup_avoid_is(const PupAvoid *avoid, const char *who, gint64 now_us);
