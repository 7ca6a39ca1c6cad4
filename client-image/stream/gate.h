/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate - lets so many ask a server at a time that its answers do not take long
 *
 * A seat that asks for more at a time than a slow line carries gets it no sooner: all its
 * questions only wait on the way, and those of the whole room with them, until somebody
 * loses patience and asks once more. So the number grows while answers come soon, first
 * fast, then slowly, and falls when they do not, as TCP's window does.
 *
 *     while (!pup_gate_enter(gate, PUP_GATE_LAST, wait_us))
 *         look whether it has become urgent meanwhile
 *     ask
 *     pup_gate_leave(gate, begun_us, now_us)
 *
 * Threads: any.
 */
#pragma once

#include <glib.h>

typedef struct PupGate PupGate;

/* An answer that takes longer is late. A chunk for each of thirty seats takes so long on
 * a line of 16 Mbit/s. */
#define PUP_GATE_LATE_US (600 * 1000)
/* At a time, at first. */
#define PUP_GATE_START 2u

/* Let @max in at a time at most (1 ..). */
PupGate *pup_gate_new(unsigned max);
void pup_gate_free(PupGate *gate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupGate, pup_gate_free)

typedef enum {
    PUP_GATE_FIRST, /* before all that are LAST */
    PUP_GATE_LAST,
} PupGateRank;

/* Wait to be let in, for @wait_us. FALSE: the time is over. */
gboolean pup_gate_enter(PupGate *gate, PupGateRank rank, gint64 wait_us);

/* Who was let in at @begun_us has an answer at @now_us, or has waited until then in vain;
 * @begun_us is 0: it failed sooner, which says nothing. */
void pup_gate_leave(PupGate *gate, gint64 begun_us, gint64 now_us);

/* How many are let in at a time now. */
unsigned pup_gate_width(PupGate *gate);
