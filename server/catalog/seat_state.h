/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seat_state - what a seat is doing, as far as anybody can tell
 *
 * A seat says what it does; a PC that is switched off, or whose cable is pulled, says
 * nothing, and a server that was away has heard nothing. So a state is what the seat said
 * last, while it is heard; then that it is silent; and "off" when it said so, or has been
 * silent for long. Silence counts only while the server was there to listen.
 *
 *     off       it said that it switches off, was silent for ten minutes, or never came
 *     booting   on its way to a guest
 *     running   its guest runs
 *     idle      between guests
 *     failed    it cannot get a guest to run
 *     waiting   it asks again and again for what the server does not have: a room for it,
 *               or a version of its room
 *     silent    not heard of for three polls (five minutes before it registers)
 *     unknown   it was on before the server was away, and has not been heard since
 *
 * Pure.
 */
#pragma once

#include <glib.h>

/* All of them, NULL-terminated. */
extern const char *const pup_seat_states[];

/* When the server was there. Unix milliseconds; all 0: nobody knows, it counts as there.
 */
typedef struct {
    gint64 up_ms;    /* it listens since */
    gint64 down_ms;  /* before that it listened until then; 0: never */
    gint64 alive_ms; /* its last sign of life */
} PupServerLife;

/* A server without a sign of life for so long is not there. */
#define PUP_SERVER_AWAY_MS G_GINT64_CONSTANT(20000)

/* TRUE when the server is there at @now_ms. */
gboolean pup_server_is_there(const PupServerLife *life, gint64 now_ms);

typedef struct {
    const char *said;    /* its last word: one of the states */
    gboolean registered; /* in this boot */
    gint64 last_seen_ms; /* Unix time; 0: never; what is later than now counts as now */
} PupSeatWord;

/* The state of a seat that polls every @poll_s. Static. */
const char *pup_seat_state(const PupSeatWord *word, const PupServerLife *life,
                           unsigned poll_s, gint64 now_ms);

/* @state for people: "not heard of for 40 s", "waits to be added"; most are their own
 * words. @has_room: a room has the PC. New string. */
char *pup_seat_state_words(const char *state, gint64 silent_ms, gboolean has_room);

/* TRUE for a seat that is on, as far as is known. */
gboolean pup_seat_state_is_on(const char *state);

/* "3 s", "12 min", "5 h", "3 days", "25 years"; new string. */
char *pup_span_words(gint64 ms);

/* What a PC's clock differs from the server's: "right", "25 years behind", "2 h ahead".
 * New string. */
char *pup_clock_words(gint64 off_ms);
/* A clock that is off by less is right. */
#define PUP_CLOCK_OFF_MS G_GINT64_CONSTANT(30000)
