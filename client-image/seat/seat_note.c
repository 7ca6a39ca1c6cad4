/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/seat_note.h"

#include <string.h>

static const struct {
    const char *words;
    PupSeatNote note;
} notes[] = {
    {"stream first-chunk", PUP_NOTE_FIRST_CHUNK}, {"stream waiting", PUP_NOTE_WAITING},
    {"stream resumed", PUP_NOTE_RESUMED},         {"stream corrupt", PUP_NOTE_CORRUPT},
    {"screen picture", PUP_NOTE_PICTURE},
};

gboolean
pup_seat_note_parse(const char *line, PupSeatNote *note, const char **text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(notes); i++) {
        size_t len = strlen(notes[i].words);

        if (strncmp(line, notes[i].words, len) == 0 &&
            (line[len] == ' ' || line[len] == '\0')) {
            *note = notes[i].note;
            *text = line + len + (line[len] == ' ');
            return TRUE;
        }
    }
    return FALSE;
}
