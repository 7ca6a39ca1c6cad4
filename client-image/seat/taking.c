/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/taking.h"

#define STEP_S 10

void
pup_taking_begin(PupTaking *taking, gboolean sees_input, gint64 now_ms)
{
    *taking = (PupTaking){.sees_input = sees_input, .used_ms = now_ms};
}

void
pup_taking_told(PupTaking *taking, PupTake take, unsigned idle_s, gboolean news,
                gint64 now_ms)
{
    if (!taking->news || taking->take != take)
        taking->since_ms = now_ms;
    taking->take = take;
    taking->idle_s = idle_s;
    taking->news = news;
}

void
pup_taking_used(PupTaking *taking, gint64 now_ms)
{
    taking->used_ms = now_ms;
}

/* Whole seconds from @now_ms to @end_ms, a part of one counts as one. */
static int
seconds_to(gint64 end_ms, gint64 now_ms)
{
    return (int) (MAX(end_ms - now_ms + 999, 0) / 1000);
}

int
pup_taking_left_s(const PupTaking *taking, gint64 now_ms)
{
    gint64 begin_ms = taking->since_ms;

    if (!taking->news || taking->take == PUP_TAKE_NEXT_BOOT)
        return -1;
    if (taking->take == PUP_TAKE_IDLE) {
        gint64 idle_ms = taking->used_ms + (gint64) taking->idle_s * 1000;

        if (!taking->sees_input || now_ms < idle_ms)
            return -1;
        begin_ms = MAX(begin_ms, idle_ms);
    }
    return seconds_to(begin_ms + PUP_TAKING_COUNTDOWN_S * 1000, now_ms);
}

char *
pup_taking_words(const PupTaking *taking, int left_s)
{
    int shown_s = left_s > STEP_S ? (left_s + STEP_S - 1) / STEP_S * STEP_S : left_s;

    if (left_s < 0)
        return NULL;
    if (taking->take == PUP_TAKE_IDLE)
        return g_strdup_printf("Nobody uses this PC, and its room has a new version: it "
                               "restarts in %d seconds. Press a key to go on working.",
                               shown_s);
    return g_strdup_printf("This room has a new version: this PC restarts in %d seconds. "
                           "Save your work now.",
                           shown_s);
}
