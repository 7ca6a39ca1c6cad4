/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/screens.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/ident.h"
#include "server/image/workshop.h"

#define SUFFIX ".png"

char *
pup_screen_path(const PupWorkshop *shop, const char *room, unsigned version)
{
    g_autofree char *sub = g_strdup_printf("screens/%s@%u" SUFFIX, room, version);

    return pup_settings_path(shop->settings, sub);
}

gboolean
pup_screen_keep(const PupWorkshop *shop, const char *file, const char *room,
                unsigned version, GError **error)
{
    g_autofree char *path = pup_screen_path(shop, room, version);
    g_autofree char *folder = g_path_get_dirname(path);

    return pup_file_make_dir(folder, error) &&
           pup_workshop_place(file, path, 0644, error);
}

void
pup_screen_forget(const PupWorkshop *shop, const char *room, unsigned version)
{
    g_autofree char *path = pup_screen_path(shop, room, version);

    unlink(path);
}

/* "ROOM@VERSION.png". */
static gboolean
parse_file(const char *file, char **room, unsigned *version)
{
    g_autofree char *label = g_strdup(file);

    if (!g_str_has_suffix(file, SUFFIX))
        return FALSE;
    label[strlen(label) - strlen(SUFFIX)] = '\0';
    return pup_ident_split("room", label, room, version, NULL) && *version > 0;
}

void
pup_screens_sweep(const PupWorkshop *shop, unsigned *n_files, guint64 *bytes)
{
    g_autofree char *folder = pup_settings_path(shop->settings, "screens");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;

    while (dir && (file = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, file, NULL);
        g_autofree char *room = NULL;
        unsigned version = 0;
        struct stat st;

        if (!parse_file(file, &room, &version) || lstat(path, &st) < 0 ||
            pup_workshop_has_version(shop, PUP_KIND_ROOM, room, version) ||
            (!shop->dry_run && unlink(path) < 0))
            continue;
        ++*n_files;
        *bytes += (guint64) st.st_blocks * 512;
    }
}
