/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"

#include "lib/error.h"
#include "lib/ident.h"

/* The newest version before @current; 0 where there is none. */
static unsigned
version_before(const GArray *versions, unsigned current)
{
    unsigned before = 0;

    for (unsigned i = 0; i < versions->len; i++)
        if (g_array_index(versions, unsigned, i) < current)
            before = g_array_index(versions, unsigned, i);
    return before;
}

/* The version that the arguments ask for; 0 on error. */
static unsigned
find_target(PupStore *store, char **args, unsigned current, GError **error)
{
    unsigned version = 0;
    g_autoptr(GArray) versions = NULL;

    if (args[1])
        return pup_version_parse(args[1], &version, error) ? version : 0;
    versions = pup_store_versions(store, PUP_KIND_ROOM, args[0], error);
    if (!versions)
        return 0;
    version = version_before(versions, current);
    if (version == 0)
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "room '%s' has no version before %s@%u",
                      args[0], args[0], current);
    return version;
}

static gboolean
roll_back(PupCli *cli, char **args, GError **error)
{
    PupWorkshop shop;
    g_autoptr(PupManifest) manifest = NULL;
    unsigned current, version;

    if (!pup_cli_workshop(cli, &shop, error))
        return FALSE;
    current = pup_cli_room_version(cli, args[0], error);
    version = current ? find_target(shop.store, args, current, error) : 0;
    if (version == 0)
        return FALSE;
    /* A version that seats would refuse is nothing to go back to. */
    manifest = pup_workshop_manifest(&shop, PUP_KIND_ROOM, args[0], version, error);
    if (!manifest)
        return FALSE;
    pup_cli_say(cli, "move room %s from version %u to %u (published %s)", args[0],
                current, version, manifest->created);
    return cli->dry_run ||
           pup_store_set_current(shop.store, PUP_KIND_ROOM, args[0], version, error);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);

    return pup_cli_parse(cli, NULL, &args, error) &&
           pup_ident_check("room", args[0], error) && roll_back(cli, args, error);
}

const PupCommand pup_cmd_room_rollback = {
    .name = "room rollback",
    .args = "NAME [VERSION]",
    .summary = "Move a room back to its previous version, or to VERSION",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 2,
    .run = run,
};
