/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * regenerate - a room's sub-master made afresh by its recipe, tried, and published
 *
 *     pup_room_regenerate(shop, "lab-101", &options, &report, &error)
 *
 * What it shall stand on follows from the room's profile, its master's version, and from
 * its recipe (recipe.h). Where it stands on that already and the newest version was
 * published from it with the same guest settings, nothing is done. Else the recipe's
 * steps are run whose result is not there, a candidate is made beside the sub-master,
 * started once (recipe_run.h), and published; only then it takes the sub-master's place.
 * Until the publish is done nothing has changed for anybody, whatever fails or is killed;
 * steps that were done stay done.
 *
 * A sub-master that holds something of its own was changed by hand, since what is made
 * here holds nothing: that is never thrown away unless told.
 *
 * Files while it runs: images/rooms/.NAME.qcow2.tmp, run/regenerate-NAME/. What the guest
 * printed is in logs/regenerate-NAME.log, of the last run that did something; what its
 * screen showed when something failed, beside it with ".png".
 */
#pragma once

#include "server/image/agent.h"
#include "server/image/image.h"

typedef struct {
    gboolean discard_edits; /* what the sub-master holds of its own may go */
    const char *canary;     /* as of pup_room_publish() */

    PupVirt *(*virt)(gpointer data, GError **error); /* asked when it is needed */
    PupAgentOutput output; /* takes what the guest's programs print; may be NULL */
    gpointer data;         /* of both */
} PupRegenerate;

typedef struct {
    PupPublishReport publish;
    char *base;              /* the master that it derives from: "win11@3" */
    unsigned n_steps, n_run; /* of the recipe; and how many of them were run now (a dry
                                run: would be) */
    gboolean tested;         /* it was started once before it was published */
    gboolean unchanged;      /* nothing was to be done; publish.version is the newest */
} PupRegenerateReport;

void pup_regenerate_report_clear(PupRegenerateReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PupRegenerateReport, pup_regenerate_report_clear)

/* Regenerate @room. With shop->dry_run only tell. Errors: DENIED (it was changed by hand;
 * no key), NOT_FOUND (room, master), INVALID (the recipe; a step or a check that failed),
 * BUSY (it is being worked on, or a writer has it; a step or the guest's start took too
 * long), those of pup_room_publish() and pup_virt_open(). After any of them the published
 * version is as before. */
gboolean pup_room_regenerate(const PupWorkshop *shop, const char *room,
                             const PupRegenerate *options, PupRegenerateReport *report,
                             GError **error);
