/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seat_note - a line that came on the seat's socket (client-image/common/notify.h)
 *
 * Pure; any thread.
 */
#pragma once

#include <glib.h>

typedef enum {
    PUP_NOTE_FIRST_CHUNK,
    PUP_NOTE_WAITING,
    PUP_NOTE_RESUMED,
    PUP_NOTE_CORRUPT,
    PUP_NOTE_PICTURE,
} PupSeatNote;

/* Parse @line. *@text is what follows the words, within @line. FALSE for one that is not
 * known. */
gboolean pup_seat_note_parse(const char *line, PupSeatNote *note, const char **text);
