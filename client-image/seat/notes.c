/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/notes.h"

#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "client-image/common/notify.h"
#include "client-image/seat/log.h"

struct PupNotes {
    char *path;
    int fd;
    guint source;
    PupNoteFunc on_note;
    gpointer user;
};

static const struct {
    const char *words;
    PupNote note;
} words[] = {
    {"stream first-chunk", PUP_NOTE_FIRST_CHUNK},
    {"stream waiting", PUP_NOTE_WAITING},
    {"stream resumed", PUP_NOTE_RESUMED},
    {"stream corrupt", PUP_NOTE_CORRUPT},
    {"stream disk-cache", PUP_NOTE_DISK_CACHE},
    {"screen picture", PUP_NOTE_PICTURE},
    {"screen input", PUP_NOTE_INPUT},
    {"screen key", PUP_NOTE_KEY},
};

gboolean
pup_note_parse(const char *line, PupNote *note, const char **text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        size_t len = strlen(words[i].words);

        if (strncmp(line, words[i].words, len) == 0 &&
            (line[len] == ' ' || line[len] == '\0')) {
            *note = words[i].note;
            *text = line + len + (line[len] == ' ');
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
on_ready(gint fd, GIOCondition condition, gpointer data)
{
    PupNotes *notes = data;
    char line[PUP_NOTIFY_MAX + 1];
    const char *text;
    PupNote note;

    while (pup_notify_receive(fd, line)) {
        if (pup_note_parse(line, &note, &text))
            notes->on_note(notes->user, note, text);
        else
            pup_log("unknown-note", "%s", line);
    }
    return G_SOURCE_CONTINUE;
}

PupNotes *
pup_notes_new(const char *path, PupNoteFunc on_note, gpointer user, GError **error)
{
    int fd = pup_notify_listen(path, error);
    PupNotes *notes;

    if (fd < 0)
        return NULL;
    notes = g_new0(PupNotes, 1);
    notes->path = g_strdup(path);
    notes->fd = fd;
    notes->on_note = on_note;
    notes->user = user;
    notes->source = g_unix_fd_add(fd, G_IO_IN, on_ready, notes);
    return notes;
}

void
pup_notes_free(PupNotes *notes)
{
    if (!notes)
        return;
    g_source_remove(notes->source);
    close(notes->fd);
    unlink(notes->path);
    g_free(notes->path);
    g_free(notes);
}
