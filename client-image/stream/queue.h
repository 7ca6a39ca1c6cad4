/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * queue - which chunk is fetched next
 *
 * Jobs that our own guest waits for (NOW) before those that another seat asked for
 * (PEER), these before guesses at what comes next (AHEAD), and these before what the boot
 * profile lists (LATER). Of all but the first only so many run at a time, so that a
 * guest's read always finds a thread; and of the last two only so many, so that what
 * another seat asked for finds one, too: seats whose threads all wait for each other's
 * would wait in vain. And no AHEAD one begins while a NOW one is on the
 * wire, so that it has the wire for itself. LATER ones do: they are no guesses, and a
 * wire that lies idle meanwhile would only put off what the guest reads next. A job that
 * failed comes back when its delay is over.
 *
 * Does no waiting of its own: times are arguments. Threads: not locked; the owner
 * serialises.
 */
#pragma once

#include "lib/name.h"

/* The most urgent first. */
typedef enum {
    PUP_FETCH_NOW,
    PUP_FETCH_PEER,
    PUP_FETCH_AHEAD,
    PUP_FETCH_LATER,
} PupUrgency;
#define PUP_N_URGENCIES 4

/* How urgent it is now, for who does not hold the owner's lock. */
static inline PupUrgency
pup_urgency(const PupUrgency *urgency)
{
    return (PupUrgency) g_atomic_int_get(urgency);
}

typedef struct PupQueue PupQueue;

typedef struct {
    PupName name;
    PupUrgency urgency;
    gint64 wanted_us;  /* since when */
    unsigned tries;    /* that failed */
    gboolean reported; /* the taker's mark: the seat was told that it waits */
    /* private */
    GList link;
    GQueue *in; /* NULL while it runs */
    gint64 ready_us;
    gboolean counts_other;
    gboolean counts_foreseen;
    gboolean counts_on_wire;
    gboolean parked;
} PupJob;

/* At most @max_others jobs that are not NOW run at a time (0: none ever), and at most
 * @max_foreseen that are AHEAD or LATER. */
PupQueue *pup_queue_new(unsigned max_others, unsigned max_foreseen);
void pup_queue_free(PupQueue *queue);

/* Want @name. TRUE when there is something new for a thread to do. */
gboolean pup_queue_want(PupQueue *queue, const PupName *name, PupUrgency urgency,
                        gint64 now_us);

/* Make @name at least as urgent as @urgency if it is wanted. TRUE as above. */
gboolean pup_queue_hurry(PupQueue *queue, const PupName *name, PupUrgency urgency);

/* TRUE when nothing waits to be run, and one more LATER job could be. */
gboolean pup_queue_is_hungry(const PupQueue *queue);

/* The job to run next; owned by the queue, to be given back with again or done. NULL:
 * nothing before *@next_us (G_MAXINT64: nothing known). */
PupJob *pup_queue_take(PupQueue *queue, gint64 now_us, gint64 *next_us);

/* What @job wanted has come, if not been checked. TRUE when there may be something for
 * another thread to do. */
gboolean pup_queue_came(PupQueue *queue, PupJob *job);

/* What @job wanted has come and is put aside to be checked: @job is still the taker's,
 * but runs no more. */
void pup_queue_park(PupQueue *queue, PupJob *job);

/* TRUE when @name was put aside so. */
gboolean pup_queue_is_parked(PupQueue *queue, const PupName *name);

/* @job failed: run it again, a NOW one at @ready_us, others when it is their turn. */
void pup_queue_again(PupQueue *queue, PupJob *job, gint64 ready_us);

/* @job is over and gone. */
void pup_queue_done(PupQueue *queue, PupJob *job);
