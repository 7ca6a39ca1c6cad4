/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/edits.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/time_text.h"

#define NOTE_FILE "edit.ini"
#define NOTE_GROUP "edit"

void
pup_edit_clear(PupEdit *edit)
{
    g_clear_pointer(&edit->user, g_free);
    g_clear_pointer(&edit->spice, g_free);
}

static char *
overlay_path(const PupWorkshop *shop, const char *room, const char *what)
{
    g_autofree char *sub = g_strdup_printf("images/rooms/.%s.%s.qcow2", room, what);

    return pup_settings_path(shop->settings, sub);
}

char *
pup_edits_overlay(const PupWorkshop *shop, const char *room)
{
    return overlay_path(shop, room, "edit");
}

char *
pup_edits_kept_overlay(const PupWorkshop *shop, const char *room)
{
    return overlay_path(shop, room, "keep");
}

char *
pup_edits_folder(const PupWorkshop *shop, const char *room)
{
    g_autofree char *sub = g_strdup_printf("run/edit-%s", room);

    return pup_settings_path(shop->settings, sub);
}

static char *
note_path(const PupWorkshop *shop, const char *room)
{
    g_autofree char *folder = pup_edits_folder(shop, room);

    return g_build_filename(folder, NOTE_FILE, NULL);
}

gboolean
pup_edits_note(const PupWorkshop *shop, const char *room, const PupEdit *edit,
               GError **error)
{
    g_autoptr(GKeyFile) note = g_key_file_new();
    g_autofree char *path = note_path(shop, room), *text = NULL;
    gsize len = 0;

    g_key_file_set_int64(note, NOTE_GROUP, "since", edit->since_s);
    g_key_file_set_string(note, NOTE_GROUP, "user", edit->user);
    g_key_file_set_string(note, NOTE_GROUP, "spice", edit->spice);
    text = g_key_file_to_data(note, &len, NULL);
    return pup_file_replace(path, text, len, 0644, error);
}

static char *
text_of(GKeyFile *note, const char *key)
{
    char *text = g_key_file_get_string(note, NOTE_GROUP, key, NULL);

    return text ? text : g_strdup("");
}

/* The note may be missing: it is written when the machine runs. */
gboolean
pup_edits_find(const PupWorkshop *shop, const char *room, PupEdit *edit)
{
    g_autofree char *open = pup_edits_overlay(shop, room);
    g_autofree char *kept = pup_edits_kept_overlay(shop, room);
    g_autofree char *path = note_path(shop, room);
    g_autoptr(GKeyFile) note = g_key_file_new();
    PupEdit found = {0};
    struct stat st;

    found.kept = stat(kept, &st) == 0;
    if (!found.kept && stat(open, &st) < 0)
        return FALSE;
    g_key_file_load_from_file(note, path, G_KEY_FILE_NONE, NULL);
    found.since_s = g_key_file_get_int64(note, NOTE_GROUP, "since", NULL);
    if (found.since_s == 0)
        found.since_s = st.st_mtime;
    found.user = text_of(note, "user");
    found.spice = text_of(note, "spice");
    *edit = found;
    return TRUE;
}

char *
pup_edit_describe(const PupEdit *edit)
{
    g_autofree char *when = pup_time_text(edit->since_s * 1000);

    return g_strdup_printf("%s%s%s", when, *edit->user ? " by " : "", edit->user);
}

void
pup_edits_set_busy(GError **error, const char *room, const PupEdit *edit)
{
    g_autofree char *since = pup_edit_describe(edit);

    if (edit->kept)
        pup_error_set(error, PUP_ERROR_BUSY,
                      "an edit of room '%s' was interrupted while it was kept; `pupitre "
                      "room edit-disk %s --keep` finishes that",
                      room, room);
    else
        pup_error_set(error, PUP_ERROR_BUSY,
                      "room '%s' is being edited since %s%s%s; `pupitre room edit-disk "
                      "%s --keep` or --discard ends that",
                      room, since, *edit->spice ? ", at " : "", edit->spice, room);
}

PupLock *
pup_edits_lock_room(const PupWorkshop *shop, const char *room, GError **error)
{
    g_autoptr(PupLock) lock = pup_lock_take(shop->settings, "room", room, error);
    g_auto(PupEdit) edit = {0};

    if (!lock || !pup_edits_find(shop, room, &edit))
        return g_steal_pointer(&lock);
    pup_edits_set_busy(error, room, &edit);
    return NULL;
}
