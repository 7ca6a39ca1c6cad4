/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * taking - when a running guest gives way to its room's next version
 *
 *     pup_taking_begin(&taking, sees_input, now_ms)    a guest runs
 *     pup_taking_told(&taking, take, idle_s, news, now_ms)   with each answer to a report
 *     pup_taking_used(&taking, now_ms)                 somebody typed or moved the mouse
 *     pup_taking_left_s(&taking, now_ms)               each second: what is to be done
 *
 * "next-boot" leaves it alone. "now" ends it after a countdown. "idle" waits until nobody
 * has used the seat for so long, counts down, too, and stops when somebody does. Where
 * keyboard and mouse are the guest's own, nobody can tell: such a seat is never idle.
 *
 * A struct without clocks; one thread.
 */
#pragma once

#include "lib/take.h"

#define PUP_TAKING_COUNTDOWN_S 60

typedef struct {
    gboolean sees_input;
    gboolean news; /* another version than the one that runs is to be taken */
    PupTake take;
    unsigned idle_s;
    gint64 since_ms; /* of this word: no countdown began before */
    gint64 used_ms;
} PupTaking;

/* Times are milliseconds of one clock that does not jump. */
void pup_taking_begin(PupTaking *taking, gboolean sees_input, gint64 now_ms);
/* The server's latest word; @news: it names another version than the one that runs. */
void pup_taking_told(PupTaking *taking, PupTake take, unsigned idle_s, gboolean news,
                     gint64 now_ms);
void pup_taking_used(PupTaking *taking, gint64 now_ms);

/* Seconds until the guest is to end; 0: now; -1: there is no countdown. */
int pup_taking_left_s(const PupTaking *taking, gint64 now_ms);

/* What the screen says @left_s seconds before; it changes every ten seconds, at the end
 * each second. New string; NULL when there is no countdown. */
char *pup_taking_words(const PupTaking *taking, int left_s);
