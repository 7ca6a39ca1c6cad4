/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"

#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/ident.h"
#include "server/image/needs.h"

/* "pc01=52:54:00:12:34:56" */
static gboolean
add_seat(PupRoomProfile *profile, const char *text, GError **error)
{
    const char *equals = strchr(text, '=');
    g_autofree char *name = NULL;

    if (!equals) {
        pup_error_set(error, PUP_ERROR_INVALID, "--seat %s: write NAME=MAC", text);
        return FALSE;
    }
    name = g_strndup(text, (size_t) (equals - text));
    if (pup_room_profile_add_seat(profile, name, equals + 1, error))
        return TRUE;
    g_prefix_error(error, "--seat %s: ", text);
    return FALSE;
}

static PupRoomProfile *
make_profile(const char *title, const char *master, char **seats, GError **error)
{
    g_autofree char *name = NULL;
    g_autoptr(PupRoomProfile) profile = NULL;
    unsigned version = 0;

    if (!pup_ident_split("master", master, &name, &version, error))
        return NULL;
    profile = pup_room_profile_new(title, name, version);
    for (unsigned i = 0; seats && seats[i]; i++)
        if (!add_seat(profile, seats[i], error))
            return NULL;
    return g_steal_pointer(&profile);
}

/* What pup_catalog_room_write() would say. */
static gboolean
check_free(PupCatalog *catalog, const char *room, const PupRoomProfile *profile,
           GError **error)
{
    g_autoptr(PupRoomProfile) there = pup_catalog_room(catalog, room, NULL);

    if (there) {
        pup_error_set(error, PUP_ERROR_EXISTS, "room '%s' is there already", room);
        return FALSE;
    }
    return pup_cli_check_seats(catalog, room, profile, error);
}

/* A room whose profile was lost by hand is not begun anew under its versions. */
static gboolean
check_not_lost(const PupWorkshop *shop, const char *room, GError **error)
{
    g_autofree char *conf = pup_catalog_room_path(shop->catalog, room);
    g_autofree char *sub = g_strdup_printf("profiles/%s.conf", room);
    g_autofree char *kept = pup_settings_path(shop->settings, sub);
    g_autofree char *disk = pup_room_path(shop, room);
    g_autoptr(GArray) versions =
        pup_store_versions(shop->store, PUP_KIND_ROOM, room, NULL);
    gboolean left = access(disk, F_OK) == 0 || (versions && versions->len > 0);

    if (!left || access(conf, F_OK) == 0 || access(kept, F_OK) < 0)
        return TRUE;
    pup_error_set(error, PUP_ERROR_EXISTS,
                  "room '%s' is there, but for its profile '%s': `cp %s %s` brings it "
                  "back, or `pupitre room remove %s` removes what is left of it",
                  room, conf, kept, conf, room);
    return FALSE;
}

/* All that can be refused is refused before anything is written: the profile's removal
 * would take with it what was kept and planned for the room before. */
static gboolean
check_room(const PupWorkshop *shop, const char *room, const PupRoomProfile *profile,
           GError **error)
{
    PupWorkshop dry = *shop;

    dry.dry_run = TRUE;
    return check_not_lost(shop, room, error) &&
           check_free(shop->catalog, room, profile, error) &&
           pup_room_make(&dry, room, profile, error);
}

/* The profile before the sub-master: should we be killed between them, the room is there
 * to be seen and removed. */
static gboolean
add_room(const PupWorkshop *shop, const char *room, const PupRoomProfile *profile,
         GError **error)
{
    if (!check_room(shop, room, profile, error))
        return FALSE;
    if (shop->dry_run)
        return TRUE;
    if (!pup_catalog_room_write(shop->catalog, room, profile, TRUE, error))
        return FALSE;
    if (pup_room_make(shop, room, profile, error))
        return TRUE;
    pup_catalog_room_remove(shop->catalog, room, NULL);
    return FALSE;
}

/* The guest gets what the master's disk needs. A master that is not there is told of when
 * the sub-master is made. */
static char *
take_needs(const PupWorkshop *shop, PupRoomProfile *profile)
{
    g_autoptr(PupManifest) master = pup_workshop_manifest(
        shop, PUP_KIND_MASTER, profile->master, profile->master_version, NULL);
    PupNeeds needs;

    if (!master || !pup_master_needs(shop, master, &needs, NULL))
        return NULL;
    pup_room_profile_set_needs(profile, &needs);
    return pup_needs_text(&needs);
}

static gboolean
add(PupCli *cli, const char *room, PupRoomProfile *profile, GError **error)
{
    PupWorkshop shop;
    g_autofree char *conf = NULL, *disk = NULL, *needs = NULL;

    pup_cli_catch_signals(cli);
    if (!pup_ident_check("room", room, error) || !pup_cli_workshop(cli, &shop, error))
        return FALSE;
    needs = take_needs(&shop, profile);
    if (!add_room(&shop, room, profile, error))
        return FALSE;
    conf = pup_catalog_room_path(shop.catalog, room);
    disk = pup_room_path(&shop, room);
    pup_cli_did(cli, "add", "added",
                "room %s on master %s with %u seat%s: profile %s, sub-master %s", room,
                profile->master, profile->n_seats, profile->n_seats == 1 ? "" : "s", conf,
                disk);
    if (needs)
        pup_cli_did(cli, "give", "gave", "its guest what master %s needs: %s",
                    profile->master, needs);
    return TRUE;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_autofree char *master = NULL, *title = NULL;
    g_auto(GStrv) args = g_strdupv(argv), seats = NULL;
    g_autoptr(PupRoomProfile) profile = NULL;
    const GOptionEntry options[] = {
        {"master", 'm', 0, G_OPTION_ARG_STRING, &master,
         "Master the room derives from (required)", "NAME[@VERSION]"},
        {"seat", 's', 0, G_OPTION_ARG_STRING_ARRAY, &seats,
         "A PC of the room; may be given again", "NAME=MAC"},
        {"title", 't', 0, G_OPTION_ARG_STRING, &title, "Name for people", "TEXT"},
        {NULL}};

    if (!pup_cli_parse(cli, options, &args, error))
        return FALSE;
    if (!master) {
        pup_error_set(error, PUP_ERROR_INVALID, "room add: --master is missing");
        return FALSE;
    }
    profile = make_profile(title ? title : args[0], master, seats, error);
    return profile && add(cli, args[0], profile, error);
}

const PupCommand pup_cmd_room_add = {
    .name = "room add",
    .args = "NAME --master MASTER",
    .summary = "Add a room: its profile and its sub-master",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
