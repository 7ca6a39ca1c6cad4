/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * notes - what the stream and the screen tell the seat (client-image/common/notify.h)
 *
 * Listens on the seat's socket. Threads: the main one; callbacks from the main context.
 */
#pragma once

#include <glib.h>

typedef enum {
    PUP_NOTE_FIRST_CHUNK,
    PUP_NOTE_WAITING,
    PUP_NOTE_RESUMED,
    PUP_NOTE_CORRUPT,
    PUP_NOTE_DISK_CACHE,
    PUP_NOTE_PICTURE,
    PUP_NOTE_INPUT,
    PUP_NOTE_KEY, /* the text is its name */
} PupNote;

typedef void (*PupNoteFunc)(gpointer user, PupNote note, const char *text);

typedef struct PupNotes PupNotes;

/* Listen on @path; an old socket is replaced. Errors: IO. */
PupNotes *pup_notes_new(const char *path, PupNoteFunc on_note, gpointer user,
                        GError **error);
void pup_notes_free(PupNotes *notes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupNotes, pup_notes_free)

/* Parse @line. *@text is what follows the words, within @line. FALSE for one that is not
 * known. Pure. */
gboolean pup_note_parse(const char *line, PupNote *note, const char **text);
