/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/check/check.h"

#include <string.h>

#include "lib/error.h"
#include "lib/ident.h"
#include "server/image/needs.h"
#include "server/image/recipe.h"
#include "server/image/workshop.h"

static void
add_problem(PupCheckup *checkup, const PupProfileProblem *problem)
{
    if (checkup->room && g_strcmp0(problem->room, checkup->room) != 0 &&
        g_strcmp0(problem->other, checkup->room) != 0)
        return;
    pup_checkup_add(checkup, problem->harmless ? PUP_FINDING_NOTE : PUP_FINDING_WARNING,
                    g_strdup_printf("profile %s", problem->path),
                    g_strdup(problem->problem), g_strdup(problem->mend));
}

/* What the room's disk does not start with. What cannot be known for its disk is away is
 * said of the disk. */
static void
check_needs(PupCheckup *checkup, const char *room, const PupRoomProfile *profile)
{
    g_autoptr(GError) why = NULL;

    if (pup_needs_check_room(checkup->shop, room, profile, &why) ||
        !g_error_matches(why, PUP_ERROR, PUP_ERROR_INVALID))
        return;
    pup_checkup_add(checkup, PUP_FINDING_WARNING, g_strdup_printf("room %s", room),
                    g_strdup(why->message),
                    g_strdup_printf("`pupitre room edit %s` changes the profile", room));
}

/* What `room edit` kept of an edit that was refused. */
static void
check_refused(PupCheckup *checkup, const char *room)
{
    g_autofree char *conf = pup_catalog_room_path(checkup->shop->catalog, room);
    g_autofree char *refused = g_strconcat(conf, ".refused", NULL);

    if (!g_file_test(refused, G_FILE_TEST_EXISTS))
        return;
    pup_checkup_add(
        checkup, PUP_FINDING_NOTE, g_strdup_printf("profile %s", conf),
        g_strdup_printf("what was typed last was refused, and is kept as "
                        "'%s'",
                        refused),
        g_strdup_printf("`pupitre room edit %s` offers it, or remove it", room));
}

/* The master that a profile names is there. */
static void
check_master(PupCheckup *checkup, const char *room)
{
    const PupWorkshop *shop = checkup->shop;
    g_autoptr(PupRoomProfile) profile = pup_catalog_room(shop->catalog, room, NULL);
    g_autoptr(GError) why = NULL;
    unsigned version;

    if (!profile)
        return; /* that was said */
    version =
        profile->master_version > 0
            ? profile->master_version
            : pup_store_current(shop->store, PUP_KIND_MASTER, profile->master, &why);
    if (version > 0 &&
        pup_workshop_has_version(shop, PUP_KIND_MASTER, profile->master, version)) {
        check_needs(checkup, room, profile);
        return;
    }
    pup_checkup_add(
        checkup, PUP_FINDING_WARNING, g_strdup_printf("room %s", room),
        profile->master_version > 0
            ? g_strdup_printf("its profile names the master %s@%u, which is not there",
                              profile->master, profile->master_version)
            : g_strdup_printf("its profile names the master %s, which is not there",
                              profile->master),
        g_strdup_printf("name one of `pupitre master list` with `pupitre room edit %s`",
                        room));
}

void
pup_check_profiles(PupCheckup *checkup)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GPtrArray) problems =
        pup_catalog_profile_problems(checkup->shop->catalog, &why);
    g_auto(GStrv) rooms = pup_catalog_rooms(checkup->shop->catalog, NULL);

    if (!problems) {
        pup_checkup_add(checkup, PUP_FINDING_DAMAGE, g_strdup("room profiles"),
                        g_strdup(why->message),
                        g_strdup("make the folder readable, or name another in [server] "
                                 "rooms_dir"));
        return;
    }
    for (guint i = 0; i < problems->len; i++)
        add_problem(checkup, g_ptr_array_index(problems, i));
    for (char **room = rooms; room && *room; room++)
        if (!checkup->room || strcmp(*room, checkup->room) == 0) {
            check_master(checkup, *room);
            check_refused(checkup, *room);
        }
}

/* A recipe that nobody follows, as of a room that was renamed. */
static void
check_orphans(PupCheckup *checkup, char **rooms)
{
    const char *folder = checkup->shop->settings->recipes_dir;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        if (strcmp(name, "site") == 0 || !pup_ident_check("room", name, NULL) ||
            g_strv_contains((const char *const *) rooms, name))
            continue;
        pup_checkup_add(checkup, PUP_FINDING_NOTE,
                        g_strdup_printf("recipe %s/%s", folder, name),
                        g_strdup_printf("there is no room '%s'", name),
                        g_strdup("call the folder as a room is called, or remove it"));
    }
}

void
pup_check_recipes(PupCheckup *checkup)
{
    const PupWorkshop *shop = checkup->shop;
    g_auto(GStrv) rooms = pup_catalog_rooms(shop->catalog, NULL);

    for (char **room = rooms; room && *room; room++) {
        g_autoptr(GError) why = NULL;
        g_autoptr(PupRecipe) recipe = NULL;
        if (checkup->room && strcmp(*room, checkup->room) != 0)
            continue;
        recipe = pup_recipe_read(shop->settings->recipes_dir, *room, &why);
        if (!recipe)
            pup_checkup_add(checkup, PUP_FINDING_WARNING,
                            g_strdup_printf("recipe of room %s", *room),
                            g_strdup(why->message),
                            g_strdup("mend the recipe (pupitre-recipe(5)); until then "
                                     "the room cannot be regenerated"));
    }
    if (rooms && !checkup->room)
        check_orphans(checkup, rooms);
}
