/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * regenerate - a room's sub-master made afresh, and published
 *
 *     pup_room_regenerate(shop, "lab-101", &options, &report, &error)
 *
 * What it shall stand on follows from the room's profile: its master's version. Where it
 * stands on that already and the newest version was published from it with the same guest
 * settings, nothing is done. Else a candidate is made beside the sub-master and
 * published; only then it takes the sub-master's place. Until the publish is done nothing
 * has changed for anybody, whatever fails or is killed.
 *
 * A sub-master that holds something of its own was changed by hand, since what is made
 * here holds nothing: that is never thrown away unless told.
 *
 * Files while it runs: images/rooms/.NAME.qcow2.tmp.
 */
#pragma once

#include "server/image/image.h"

typedef struct {
    gboolean discard_edits; /* what the sub-master holds of its own may go */
    const char *canary;     /* as of pup_room_publish() */
} PupRegenerate;

typedef struct {
    PupPublishReport publish;
    char *base;         /* what the sub-master stands on now: "win11@3" */
    gboolean unchanged; /* nothing was to be done; publish.version is the newest */
} PupRegenerateReport;

void pup_regenerate_report_clear(PupRegenerateReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PupRegenerateReport, pup_regenerate_report_clear)

/* Regenerate @room. With shop->dry_run only tell. Errors: DENIED (it was changed by hand;
 * no key), NOT_FOUND (room, master), BUSY (it is being worked on, or a writer has it),
 * those of pup_room_publish(). After any of them the published version is as before. */
gboolean pup_room_regenerate(const PupWorkshop *shop, const char *room,
                             const PupRegenerate *options, PupRegenerateReport *report,
                             GError **error);
