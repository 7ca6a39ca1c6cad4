/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fill - how soon the space for what a guest writes is used up, and when to say so
 *
 *     PupFill fill = {0};                                   a guest runs
 *     if (pup_fill_look(&fill, &space, now_ms))             every few seconds
 *         pup_face_notice(face, PUP_NOTICE_FILLING, pup_fill_words(&fill, kept));
 *
 * Somebody who has to save an afternoon's work needs minutes, not percents: the warning
 * comes when at the pace of the last minute the space lasts for less than
 * PUP_FILL_SOON_S, and, however slowly it fills, from PUP_FILL_PERCENT on. It is shown
 * for half a minute and again every few minutes; in the last minute it stays.
 *
 * A struct without clocks; one thread.
 */
#pragma once

#include "client-image/seat/space.h"
#include "client-image/seat/words.h"

#define PUP_FILL_SOON_S 300
#define PUP_FILL_PERCENT 80u

/* The pace is that of so many looks. */
#define PUP_FILL_LOOKS 32u

typedef enum {
    PUP_FILL_QUIET,
    PUP_FILL_WARN,   /* shown now and then */
    PUP_FILL_URGENT, /* shown all the time */
} PupFillLevel;

typedef struct {
    struct {
        gint64 at_ms;
        guint64 used_bytes;
    } looks[PUP_FILL_LOOKS];
    unsigned n_looks;
    PupFillLevel level;
    gint64 shown_ms; /* when it was last put on the screen */
    gboolean shown;
    guint64 left_mib; /* then */
    int left_s;       /* then; G_MAXINT: it does not fill */
} PupFill;

/* The space is @space at @now_ms, milliseconds of a clock that does not jump. TRUE when
 * there is something else to say than before. */
gboolean pup_fill_look(PupFill *fill, const PupSpace *space, gint64 now_ms);

/* What there is to say, hushed (words.h) between two times; NULL: nothing. @kept: what
 * the guest writes outlives it. */
PupWords *pup_fill_words(const PupFill *fill, gboolean kept);
