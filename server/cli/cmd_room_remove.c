/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"

#include <unistd.h>

#include "lib/error.h"
#include "lib/ident.h"

static gboolean
confirm(const PupCli *cli, const char *room, gboolean yes, GError **error)
{
    g_autofree char *question =
        g_strdup_printf("Remove room '%s', its sub-master and all its versions?", room);

    if (yes || cli->dry_run || pup_cli_ask(question))
        return TRUE;
    pup_error_set(error, PUP_ERROR_DENIED,
                  "room '%s' was not removed; add --yes to do it without a question",
                  room);
    return FALSE;
}

/* FALSE only for what is there and cannot be removed. */
static gboolean
missing_is_fine(gboolean done, GError *failed, GError **error)
{
    if (done || g_error_matches(failed, PUP_ERROR, PUP_ERROR_NOT_FOUND)) {
        g_clear_error(&failed);
        return TRUE;
    }
    g_propagate_error(error, failed);
    return FALSE;
}

/* The profile last: until then the room is there to be removed again. */
static gboolean
remove_room(const PupWorkshop *shop, const char *room, GError **error)
{
    GError *failed = NULL;
    gboolean done;

    if (!pup_room_unmake(shop, room, error))
        return FALSE;
    if (shop->dry_run)
        return TRUE;
    done = pup_store_remove(shop->store, PUP_KIND_ROOM, room, &failed);
    if (!missing_is_fine(done, failed, error))
        return FALSE;
    if (!pup_boot_profiles_keep(pup_catalog_boot_profiles(shop->catalog), room, NULL,
                                FALSE, NULL, NULL, error))
        return FALSE;
    failed = NULL;
    done = pup_catalog_room_remove(shop->catalog, room, &failed);
    return missing_is_fine(done, failed, error);
}

/* A room whose profile cannot be read may be removed, and what is left of one whose
 * profile is gone. */
static gboolean
is_there(const PupWorkshop *shop, const char *room, GError **error)
{
    g_autoptr(GError) failed = NULL;
    g_autoptr(PupRoomProfile) profile = pup_catalog_room(shop->catalog, room, &failed);
    g_autoptr(GArray) versions =
        pup_store_versions(shop->store, PUP_KIND_ROOM, room, NULL);
    g_autofree char *disk = pup_room_path(shop, room);

    if (profile || !g_error_matches(failed, PUP_ERROR, PUP_ERROR_NOT_FOUND) ||
        (versions && versions->len > 0) || access(disk, F_OK) == 0)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&failed));
    return FALSE;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    gboolean yes = FALSE;
    g_auto(GStrv) args = g_strdupv(argv);
    PupWorkshop shop;
    const GOptionEntry options[] = {
        {"yes", 'y', 0, G_OPTION_ARG_NONE, &yes, "Do not ask", NULL}, {NULL}};

    if (!pup_cli_parse(cli, options, &args, error) ||
        !pup_ident_check("room", args[0], error) ||
        !pup_cli_workshop(cli, &shop, error) || !is_there(&shop, args[0], error) ||
        !confirm(cli, args[0], yes, error) || !remove_room(&shop, args[0], error))
        return FALSE;
    pup_cli_did(cli, "remove", "removed",
                "room %s, its sub-master and its versions; `pupitre gc` gives "
                "their bytes back",
                args[0]);
    return TRUE;
}

const PupCommand pup_cmd_room_remove = {
    .name = "room remove",
    .args = "NAME",
    .summary = "Remove a room, its sub-master and its versions",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
