/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What stands on masters: sub-masters, the layers of recipes, edits that were not ended.
 * Each file's header names what it stands on (chain.h); it has to be there, and of ours.
 */
#include "server/check/check.h"

#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/image/chain.h"
#include "server/image/edits.h"
#include "server/image/infos.h"
#include "server/image/whole.h"
#include "server/image/workshop.h"

/* What is wrong with what the file @path stands on, new string; NULL: nothing. In
 * *@lost (may be NULL) "win11@3" where all that is wrong is that this version's file is
 * not there. */
static char *
problem_below(PupCheckup *checkup, const char *path, char **lost)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(PupImageInfo) info = pup_image_infos_ask(checkup->shop, path, &why);
    g_autofree char *layer = NULL, *master = NULL, *below = NULL;
    unsigned version = 0;

    if (!info)
        return g_strdup(why->message);
    if (info->backing)
        layer = pup_backing_parse_layer(info->backing);
    if (layer)
        below = pup_layer_path(checkup->shop, layer);
    else if (info->backing && pup_backing_parse_master(info->backing, &master, &version))
        below = pup_master_path(checkup->shop, master, version);
    else
        return g_strdup_printf(
            "'%s' stands on '%s', which is neither a master's file nor "
            "a layer",
            path, info->backing ? info->backing : "nothing");
    if (access(below, F_OK) < 0 && master && lost)
        *lost = g_strdup_printf("%s@%u", master, version);
    if (access(below, F_OK) < 0)
        return g_strdup_printf("'%s' stands on '%s', which is not there", path, below);
    if (!pup_file_check_disk(below, NULL)) /* which is a finding of its own */
        return NULL;
    if (!pup_whole_check_ours(path, &why))
        return g_strdup(why->message);
    if (!checkup->thorough ||
        pup_image_check(path, "qcow2", checkup->shop->cancellable, &why) ||
        g_error_matches(why, PUP_ERROR, PUP_ERROR_BUSY)) /* somebody writes to it */
        return NULL;
    return g_strdup(why->message);
}

/* Versions that are published stay, whatever is done about the sub-master; but they are
 * retired in their time. */
char *
pup_check_mend_sub_master(const PupWorkshop *shop, const char *room)
{
    g_autoptr(GArray) versions =
        pup_store_versions(shop->store, PUP_KIND_ROOM, room, NULL);
    unsigned newest = versions && versions->len > 0
                          ? g_array_index(versions, unsigned, versions->len - 1)
                          : 0;

    if (newest == 0)
        return g_strdup_printf("restore what is missing from a backup; without one, "
                               "`pupitre room rebase %s` makes it afresh from the "
                               "master, or `pupitre room regenerate %s` by the recipe",
                               room, room);
    return g_strdup_printf(
        "restore what is missing from a backup; without one, what was installed by hand "
        "is only in version %u, so `pupitre room pin %s@%u` first, then `pupitre room "
        "rebase %s` makes it afresh from the master, or `pupitre room regenerate %s` by "
        "the recipe; its versions and seats are not harmed",
        newest, room, newest, room, room);
}

/* One import mends all that stands on a master's file: nobody shall throw away what was
 * installed for it. */
static char *
mend_with_master(const PupWorkshop *shop, const char *room, const char *lost)
{
    g_autofree char *otherwise = pup_check_mend_sub_master(shop, room);
    g_autofree char *name = NULL;
    unsigned version = 0;

    if (!pup_ident_split("master", lost, &name, &version, NULL) ||
        !pup_workshop_has_version(shop, PUP_KIND_MASTER, name, version))
        return g_steal_pointer(&otherwise);
    return g_strdup_printf("bring back the file of master %s, as is said there (one "
                           "import of that very disk): then the sub-master is whole, and "
                           "nothing is to be made afresh; only where there is none, %s",
                           lost, otherwise);
}

static void
check_sub_master(PupCheckup *checkup, const char *room)
{
    g_autofree char *path = pup_room_path(checkup->shop, room);
    g_autofree char *problem = NULL, *lost = NULL;
    gboolean there = access(path, F_OK) == 0;

    problem = there ? problem_below(checkup, path, &lost)
                    : g_strdup_printf("its sub-master '%s' is not there", path);
    if (!problem)
        return;
    pup_checkup_add(checkup, PUP_FINDING_DAMAGE, g_strdup_printf("room %s", room),
                    g_steal_pointer(&problem),
                    lost ? mend_with_master(checkup->shop, room, lost)
                         : pup_check_mend_sub_master(checkup->shop, room));
}

static void
check_edit(PupCheckup *checkup, const char *room)
{
    g_auto(PupEdit) edit = {0};

    if (!pup_edits_find(checkup->shop, room, &edit) || !edit.kept)
        return;
    pup_checkup_add(
        checkup, PUP_FINDING_WARNING, g_strdup_printf("room %s", room),
        g_strdup("an edit was interrupted while it was kept, or is being kept now"),
        g_strdup_printf("`pupitre room edit-disk %s --keep` finishes it", room));
}

/* Of a room without a profile: renamed by hand, perhaps. */
static void
check_orphan(PupCheckup *checkup, const char *folder, const char *file, char **rooms)
{
    g_autofree char *room = g_strdup(file), *conf = NULL, *removal = NULL;

    if (file[0] == '.' || !g_str_has_suffix(file, ".qcow2"))
        return;
    room[strlen(room) - strlen(".qcow2")] = '\0';
    if (!pup_ident_check("room", room, NULL) ||
        g_strv_contains((const char *const *) rooms, room) ||
        pup_check_is_renamed(checkup, room))
        return;
    conf = pup_catalog_room_path(checkup->shop->catalog, room);
    removal = g_strdup_printf("`pupitre room remove %s`", room);
    pup_checkup_add(checkup, PUP_FINDING_WARNING,
                    g_strdup_printf("sub-master %s/%s", folder, file),
                    g_strdup_printf("the room '%s' has no profile '%s'", room, conf),
                    pup_check_put_back(checkup, room, removal));
}

static void
check_orphans(PupCheckup *checkup, char **rooms)
{
    g_autofree char *folder = pup_settings_path(checkup->shop->settings, "images/rooms");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;

    while (dir && (file = g_dir_read_name(dir)))
        check_orphan(checkup, folder, file, rooms);
}

static void
check_layers(PupCheckup *checkup)
{
    g_autofree char *folder = pup_settings_path(checkup->shop->settings, "images/layers");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;

    while (dir && (file = g_dir_read_name(dir))) {
        g_autofree char *backing = g_strconcat("../layers/", file, NULL);
        g_autofree char *digest = pup_backing_parse_layer(backing);
        g_autofree char *path = g_build_filename(folder, file, NULL);
        char *problem = digest ? problem_below(checkup, path, NULL) : NULL;
        if (problem)
            pup_checkup_add(
                checkup, PUP_FINDING_WARNING, g_strdup_printf("layer %s", digest),
                problem,
                g_strdup_printf("restore what is missing from a backup, or `rm %s`: the "
                                "next `pupitre room regenerate` makes it again",
                                path));
    }
}

void
pup_check_overlays(PupCheckup *checkup)
{
    g_auto(GStrv) rooms = pup_catalog_rooms(checkup->shop->catalog, NULL);

    for (char **room = rooms; room && *room; room++) {
        check_sub_master(checkup, *room);
        check_edit(checkup, *room);
    }
    if (rooms)
        check_orphans(checkup, rooms);
    check_layers(checkup);
}
