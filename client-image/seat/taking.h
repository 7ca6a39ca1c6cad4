/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * taking - when a running guest gives way to its room's next version
 *
 *     pup_taking_begin(&taking, sees_input, now_ms)    a guest runs
 *     pup_taking_told(&taking, take, idle_s, news, now_ms)   with each answer to a report
 *     pup_taking_used(&taking, now_ms)                 somebody typed or moved the mouse
 *     pup_taking_more(&taking, now_ms)                 somebody pressed PUP_MORE_KEY
 *     pup_taking_left_s(&taking, now_ms)               each second: what is to be done
 *
 * "next-boot" leaves it alone. "now" ends it after a countdown, which a key puts off by
 * ten minutes, each time that it comes. "idle" waits until nobody has used the seat for
 * so long, counts down, too, and stops when somebody does. Where keyboard and mouse are
 * the guest's own, nobody can tell: such a seat is never idle, and has no such key.
 *
 * A struct without clocks; one thread.
 */
#pragma once

#include "client-image/seat/words.h"
#include "lib/take.h"

#define PUP_TAKING_COUNTDOWN_S 60
#define PUP_TAKING_MORE_S 600

typedef struct {
    gboolean sees_input;
    gboolean news; /* another version than the one that runs is to be taken */
    PupTake take;
    unsigned idle_s;
    gint64 since_ms; /* of this word: no countdown began before */
    gint64 used_ms;
    unsigned n_more; /* times that it was put off */
    gint64 more_ms;  /* when it last was */
} PupTaking;

/* Times are milliseconds of one clock that does not jump. */
void pup_taking_begin(PupTaking *taking, gboolean sees_input, gint64 now_ms);
/* The server's latest word; @news: it names another version than the one that runs. */
void pup_taking_told(PupTaking *taking, PupTake take, unsigned idle_s, gboolean news,
                     gint64 now_ms);
void pup_taking_used(PupTaking *taking, gint64 now_ms);

/* TRUE while PUP_MORE_KEY puts the end off: in the countdown of "now". */
gboolean pup_taking_has_key(const PupTaking *taking, gint64 now_ms);
/* The key was pressed. FALSE when it means nothing now. */
gboolean pup_taking_more(PupTaking *taking, gint64 now_ms);

/* Seconds until the guest is to end; 0: now; -1: there is no countdown. */
int pup_taking_left_s(const PupTaking *taking, gint64 now_ms);

/* What the screen says at @now_ms: in a countdown that changes every ten seconds, at the
 * end each second; where it was put off, for a moment and again halfway, hushed (words.h)
 * otherwise. New; NULL when nothing is to come. */
PupWords *pup_taking_words(const PupTaking *taking, gint64 now_ms);
