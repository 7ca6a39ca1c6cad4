/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"

#include "lib/error.h"
#include "lib/time_text.h"
#include "lib/ident.h"
#include "server/cli/take.h"
#include "server/image/canary.h"

static gboolean
promote(PupCli *cli, const char *room, const char *when, GError **error)
{
    PupWorkshop shop;
    PupCanary canary = {0};
    g_autoptr(PupManifest) manifest = NULL;
    g_autofree char *seat = NULL, *created = NULL;
    unsigned current;

    if (!pup_cli_workshop(cli, &shop, error) ||
        !(current = pup_cli_room_version(cli, room, error)) ||
        !pup_store_canary(shop.store, room, &canary, error))
        return FALSE;
    if (canary.version == 0) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND,
                      "room '%s' has no version on trial; `pupitre room publish %s "
                      "--canary SEAT` makes one",
                      room, room);
        return FALSE;
    }
    /* A version that seats would refuse is nothing for a room. */
    manifest = pup_workshop_manifest(&shop, PUP_KIND_ROOM, room, canary.version, error);
    if (!manifest)
        return FALSE;
    seat = pup_canary_seat_name(shop.catalog, room, canary.seat);
    if (!pup_take_order_anew(cli, room, canary.version, when, error) ||
        (!cli->dry_run &&
         !pup_store_set_current(shop.store, PUP_KIND_ROOM, room, canary.version, error)))
        return FALSE;
    created = pup_time_text_of(manifest->created);
    pup_cli_did(cli, "move", "moved",
                "room %s from version %u to %u (published %s, tried out at seat "
                "'%s')",
                room, current, canary.version, created, seat);
    return TRUE;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_autofree char *when = NULL;
    const GOptionEntry options[] = {PUP_TAKE_ENTRY(&when), {NULL}};

    return pup_cli_parse(cli, options, &args, error) &&
           pup_take_check(cli, when, error) && pup_ident_check("room", args[0], error) &&
           promote(cli, args[0], when, error);
}

const PupCommand pup_cmd_room_promote = {
    .name = "room promote",
    .args = "NAME",
    .summary = "Give a room the version that its canary has tried out",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
