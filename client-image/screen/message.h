/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message - one line that somebody sent to screen.sock, taken apart
 *
 * The lines are those of client-image/common/notify.h. Texts come from many places: what
 * is not UTF-8 is replaced, control characters become blanks, runs of blanks one blank.
 * Pure; any thread.
 */
#pragma once

#include <glib.h>

typedef enum {
    PUP_MESSAGE_STAGE,
    PUP_MESSAGE_PROGRESS,
    PUP_MESSAGE_INFO,
    PUP_MESSAGE_NOTICE,
    PUP_MESSAGE_ERROR,
    PUP_MESSAGE_MAC,
    PUP_MESSAGE_SPICE,
    PUP_MESSAGE_SPICE_OFF,
    PUP_MESSAGE_CATCH,
} PupMessageKind;

typedef struct {
    PupMessageKind kind;
    int progress; /* PROGRESS: 0-100, or -1 */
    char *word;   /* ERROR: the code; MAC: the address; SPICE: the path; else NULL */
    char *text; /* never NULL; SPICE: the USB devices that the guest gets; CATCH: a key */
    char *more; /* the second line of STAGE, NOTICE, ERROR, MAC; never NULL */
} PupMessage;

/* Errors: INVALID (unknown verb, a missing or bad argument), with the line's start. */
PupMessage *pup_message_parse(const char *line, GError **error);
void pup_message_free(PupMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupMessage, pup_message_free)
