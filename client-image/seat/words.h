/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * words - everything that the seat lets people read, in one table
 *
 *     words = pup_words_new(PUP_SAY_SERVER_WAIT, &(PupFacts){.server = url, .why = text})
 *     pup_screen_notice(link, words)
 *
 * Whoever sits before the PC reads the first line: what is going on and what helps, in
 * plain words. The second line is small and for whoever is called for help; in neither is
 * there an address of HTTP, the name of a chunk, or a time in milliseconds. The third
 * text never gets to the screen: it is the technical one, for the log and the server.
 *
 * A new thing to say is one line in words.c's table.
 *
 * Pure; any thread.
 */
#pragma once

#include <glib.h>

/* The key that puts off what TAKING_NOW announces. */
#define PUP_MORE_KEY "F9"

typedef enum {
    /* stages */
    PUP_SAY_ASKING,
    PUP_SAY_GETTING_READY, /* room */
    PUP_SAY_PREPARING,
    PUP_SAY_STARTING,
    PUP_SAY_CLEARING,
    PUP_SAY_SERVER_AWAITED, /* server */
    /* pages; all of them: why */
    PUP_SAY_NOT_BEGUN,
    PUP_SAY_SERVER_AWAY, /* server */
    PUP_SAY_BAD_ANSWER,
    PUP_SAY_BAD_VERSION,
    PUP_SAY_NO_DISK,
    PUP_SAY_NO_GUEST,
    PUP_SAY_NOT_CLEARED,
    PUP_SAY_CRASHED,
    PUP_SAY_NOT_GENUINE,
    PUP_SAY_NO_MEMORY,
    PUP_SAY_NO_SPACE,
    PUP_SAY_NOT_ABLE,
    PUP_SAY_UNKNOWN_PC,
    PUP_SAY_UNPUBLISHED,
    /* banners */
    PUP_SAY_SERVER_WAIT, /* server, why */
    PUP_SAY_DAMAGED,     /* why */
    PUP_SAY_HALTED,
    PUP_SAY_NO_CACHE,          /* why */
    PUP_SAY_NO_ENLIGHTENMENTS, /* why; only the server is told */
    PUP_SAY_CLOCK_DOUBTED,     /* why; only the server is told */
    PUP_SAY_KEPT_DAMAGED,
    PUP_SAY_KEPT_FULL,
    PUP_SAY_DISK_UNUSED,       /* why */
    PUP_SAY_DISK_UNUSED_LOST,  /* why */
    PUP_SAY_NOTHING_KEPT,      /* why */
    PUP_SAY_TAKING_NOW,        /* left_s */
    PUP_SAY_TAKING_NOW_UNSEEN, /* left_s */
    PUP_SAY_TAKING_IDLE,       /* left_s */
    PUP_SAY_MORE_TIME,         /* left_s, granted_s */
    PUP_SAY_GIVING_WAY,        /* left_s */
    PUP_SAY_ENDING,            /* left_s */
    PUP_SAY_FILLING,           /* space_mib */
    PUP_SAY_FILLING_SOON,      /* space_mib, left_s */
    PUP_SAY_FILLING_KEPT,      /* space_mib */
    PUP_SAY_FILLING_KEPT_SOON, /* space_mib, left_s */
    PUP_SAY_FULL,
    PUP_N_SAY,
} PupSituation;

/* What a situation's words may speak of; those that it does not need stay empty. */
typedef struct {
    const char *room;
    const char *server; /* its URL */
    int left_s;
    int granted_s; /* that somebody asked for so far */
    guint64 space_mib;
    const char *why; /* an error's message, as technical as it is */
} PupFacts;

typedef struct {
    char *text;   /* for whoever sits there; "" : not on the screen now */
    char *more;   /* for helpdesk; "" without any */
    char *detail; /* for log and server */
} PupWords;

/* @facts: NULL for none. Free with pup_words_free(). */
PupWords *pup_words_new(PupSituation situation, const PupFacts *facts);
void pup_words_free(PupWords *words);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupWords, pup_words_free)

/* Take @words off the screen; the server keeps the detail. Returns @words. */
PupWords *pup_words_hush(PupWords *words);

/* Both lines as one message to the screen has them (client-image/common/notify.h). New
 * string; "" for NULL. */
char *pup_words_line(const PupWords *words);

/* "1 second", "50 seconds", "2 minutes": seconds up to a minute and a half, then whole
 * minutes. New string. */
char *pup_time_words(int seconds);
