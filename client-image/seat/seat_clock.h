/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seat_clock - what time it is, whatever this PC's battery thinks
 *
 * The guest's clock follows the PC's: QEMU reads the system's at each look, and fills in
 * the room's time zone. So the system's clock is made right before a guest starts. The
 * server says the time when the seat registers; from then on a clock that nobody sets
 * carries it, so that a start hours later needs no server. The PC's own hardware clock is
 * left alone: another system on its disk may want it as it is.
 *
 * A server can be wrong too. What was made was made before now: a time before the client
 * image or the room's version was made cannot be.
 *
 *     pup_seat_clock_init(&clock)                       before anything sets the clock
 *     pup_seat_clock_told(&clock, now_ms, asked_ms)     the server answered
 *     words = pup_seat_clock_settle(&clock, made_ms)    before each guest
 *
 * Threads: one at a time.
 */
#pragma once

#include <glib.h>

/* A clock that is off by less is good enough for any guest. */
#define PUP_CLOCK_TOLERANCE_MS 2000

typedef struct {
    gint64 pc_base_ms;     /* the PC's own time, when pup_uptime_ms() was 0 */
    gint64 server_base_ms; /* the server's, likewise */
    gint64 doubt_ms;       /* the server's is right to so much */
    gboolean told;         /* the server has said the time */
} PupSeatClock;

void pup_seat_clock_init(PupSeatClock *clock);

/* The PC's own time as of its hardware, Unix milliseconds: as if nobody had set it. */
gint64 pup_seat_clock_own_ms(const PupSeatClock *clock);

/* The server said that it is @now_ms; it was asked at @asked_ms and has answered at
 * @answered_ms, of pup_uptime_ms(). */
void pup_seat_clock_told(PupSeatClock *clock, gint64 now_ms, gint64 asked_ms,
                         gint64 answered_ms);

/* Set the system's clock where it is off; the log says so. @made_ms: when the room's
 * version was made, Unix milliseconds; 0: nobody knows. Returns what people should know
 * of it, a new string, or NULL. */
char *pup_seat_clock_settle(const PupSeatClock *clock, gint64 made_ms);

/* ---- how that is decided; pure */

typedef enum {
    PUP_CLOCK_KEEP,         /* it is right, or nobody knows better */
    PUP_CLOCK_SERVER,       /* the server's is taken */
    PUP_CLOCK_NOT_SERVER,   /* the server's cannot be; the PC's own can */
    PUP_CLOCK_BOTH_DOUBTED, /* both cannot be, but agree: perhaps what was made lies */
    PUP_CLOCK_MADE,         /* neither can be: the time of the making is nearest */
} PupClockVerdict;

/* Unix milliseconds, all. @pc_ms: of the system; @server_ms: -1 when it has not said,
 * right to @doubt_ms; @made_ms: it is later than that. *@set_ms: to what the system's
 * clock is to be set, -1: not. */
PupClockVerdict pup_clock_judge(gint64 pc_ms, gint64 server_ms, gint64 doubt_ms,
                                gint64 made_ms, gint64 *set_ms);
