/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Renames of rooms that were cut short (server/image/rename.h). Meanwhile what belongs to
 * the room is there by two names, and the one without a profile is no orphan.
 */
#include "server/check/check.h"

#include <string.h>

#include "lib/ident.h"
#include "server/image/rename.h"

#define NOTE_PREFIX "rename-"

/* Call @use for each note, until it returns TRUE. */
static gboolean
each(PupCheckup *checkup,
     gboolean (*use)(PupCheckup *checkup, const char *from, const char *to,
                     const char *room),
     const char *room)
{
    g_autofree char *folder = pup_settings_path(checkup->shop->settings, "run");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;

    while (dir && (file = g_dir_read_name(dir))) {
        const char *from = file + strlen(NOTE_PREFIX);
        g_autofree char *to =
            g_str_has_prefix(file, NOTE_PREFIX) && pup_ident_check("room", from, NULL)
                ? pup_rename_begun(checkup->shop, from)
                : NULL;
        if (to && use(checkup, from, to, room))
            return TRUE;
    }
    return FALSE;
}

static gboolean
has_part(PupCheckup *checkup, const char *from, const char *to, const char *room)
{
    return strcmp(from, room) == 0 || strcmp(to, room) == 0;
}

gboolean
pup_check_is_renamed(PupCheckup *checkup, const char *room)
{
    return each(checkup, has_part, room);
}

static gboolean
add(PupCheckup *checkup, const char *from, const char *to, const char *room)
{
    pup_checkup_add(
        checkup, PUP_FINDING_WARNING, g_strdup_printf("room %s", from),
        g_strdup_printf("its rename to %s was interrupted, or is going on", to),
        g_strdup_printf("`pupitre room rename %s %s` finishes it; `pupitre gc` or "
                        "`pupitre fsck --repair` finishes it or takes it back",
                        from, to));
    return FALSE;
}

void
pup_check_renames(PupCheckup *checkup)
{
    each(checkup, add, NULL);
}
