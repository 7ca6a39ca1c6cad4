/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/fill.h"

#define MIB (1024u * 1024u)
/* A pace of less than this says nothing. */
#define PACE_MIN_MS 10000
#define PACE_MAX_MS 60000
/* While a guest starts it writes fast, and then it does not go on so. */
#define SOON_MIN_PERCENT 25u
#define URGENT_S 60
#define URGENT_PERCENT 95u
#define SHOWN_MS 30000
#define REPEAT_MS 120000
#define REFRESH_MS 10000
/* What is warned of must be farther away than this to be over. */
#define OVER_S (PUP_FILL_SOON_S * 3 / 2)
#define OVER_PERCENT (PUP_FILL_PERCENT - 5)

static void
note(PupFill *fill, const PupSpace *space, gint64 now_ms)
{
    unsigned at = fill->n_looks++ % PUP_FILL_LOOKS;

    fill->looks[at].at_ms = now_ms;
    fill->looks[at].used_bytes = space->used_bytes;
}

/* Seconds until it is full at the pace of the last minute. */
static int
seconds_left(const PupFill *fill, const PupSpace *space, gint64 now_ms)
{
    guint64 left = pup_space_left_bytes(space);
    gint64 seconds;

    for (unsigned back = MIN(fill->n_looks, PUP_FILL_LOOKS); back > 0; back--) {
        unsigned at = (fill->n_looks - back) % PUP_FILL_LOOKS;
        gint64 took_ms = now_ms - fill->looks[at].at_ms;
        guint64 before = fill->looks[at].used_bytes;

        if (took_ms > PACE_MAX_MS)
            continue;
        if (took_ms < PACE_MIN_MS || space->used_bytes <= before)
            return G_MAXINT;
        seconds = (gint64) ((double) left / (double) (space->used_bytes - before) *
                            (double) took_ms / 1000);
        return (int) MIN(seconds, G_MAXINT);
    }
    return G_MAXINT;
}

static PupFillLevel
find_level(const PupFill *fill, unsigned percent, int left_s)
{
    gboolean warned = fill->level != PUP_FILL_QUIET;
    gboolean soon =
        left_s < (warned ? OVER_S : PUP_FILL_SOON_S) && percent >= SOON_MIN_PERCENT;

    if (percent >= URGENT_PERCENT || (soon && left_s < URGENT_S))
        return PUP_FILL_URGENT;
    if (soon || percent >= (warned ? OVER_PERCENT : PUP_FILL_PERCENT))
        return PUP_FILL_WARN;
    return PUP_FILL_QUIET;
}

/* Whether it is on the screen at @now_ms, with what was said at shown_ms. */
static gboolean
is_due(const PupFill *fill, gint64 now_ms)
{
    return fill->level == PUP_FILL_URGENT || now_ms - fill->shown_ms < SHOWN_MS;
}

/* Whether it is to be said anew. */
static gboolean
is_old(const PupFill *fill, PupFillLevel before, gint64 now_ms)
{
    gint64 age_ms = now_ms - fill->shown_ms;

    return fill->level > before ||
           age_ms >= (fill->level == PUP_FILL_URGENT ? REFRESH_MS : REPEAT_MS);
}

gboolean
pup_fill_look(PupFill *fill, const PupSpace *space, gint64 now_ms)
{
    PupFillLevel before = fill->level;
    gboolean was_shown = fill->shown;
    int left_s = seconds_left(fill, space, now_ms);

    note(fill, space, now_ms);
    fill->level = find_level(fill, pup_space_percent(space), left_s);
    if (fill->level == PUP_FILL_QUIET) {
        fill->shown = FALSE;
        return before != PUP_FILL_QUIET;
    }
    if (is_old(fill, before, now_ms)) {
        fill->shown_ms = now_ms;
        fill->left_s = left_s;
        fill->left_mib = pup_space_left_bytes(space) / MIB;
        fill->shown = TRUE;
        return TRUE;
    }
    fill->shown = is_due(fill, now_ms);
    return fill->shown != was_shown;
}

PupWords *
pup_fill_words(const PupFill *fill, gboolean kept)
{
    gboolean soon = fill->left_s < OVER_S;
    PupFacts facts = {
        .space_mib = fill->left_mib,
        /* Whole tens of seconds: it is a guess. */
        .left_s = soon ? MAX(fill->left_s / 10 * 10, 10) : 0,
    };
    PupWords *words;

    if (fill->level == PUP_FILL_QUIET)
        return NULL;
    if (kept)
        words = pup_words_new(soon ? PUP_SAY_FILLING_KEPT_SOON : PUP_SAY_FILLING_KEPT,
                              &facts);
    else
        words = pup_words_new(soon ? PUP_SAY_FILLING_SOON : PUP_SAY_FILLING, &facts);
    return fill->shown ? words : pup_words_hush(words);
}
