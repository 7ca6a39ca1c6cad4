/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pin and its undoing. */
#include "server/cli/commands.h"
#include "server/cli/out.h"

#include "lib/error.h"
#include "lib/ident.h"

static gboolean
pin(PupCli *cli, const char *label, gboolean pinned, GError **error)
{
    g_autofree char *room = NULL;
    unsigned version = 0;
    PupStore *store = pup_cli_store(cli, error);
    g_autoptr(GBytes) text = NULL, sig = NULL;

    if (!store || !pup_ident_split("room", label, &room, &version, error))
        return FALSE;
    if (version == 0) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' names no version: write NAME@VERSION (see `pupitre room "
                      "history %s`)",
                      label, room);
        return FALSE;
    }
    if (!pup_cli_catalog(cli, error) ||
        !pup_catalog_has_room(cli->catalog, room, error) ||
        !pup_store_manifest(store, PUP_KIND_ROOM, room, version, &text, &sig, error))
        return FALSE;
    if (pup_store_is_pinned(store, PUP_KIND_ROOM, room, version) == pinned) {
        if (!cli->quiet)
            pup_out_line(pinned ? "%s@%u is pinned already" : "%s@%u is not pinned", room,
                         version);
        return TRUE;
    }
    if (!cli->dry_run &&
        !pup_store_pin(store, PUP_KIND_ROOM, room, version, pinned, error))
        return FALSE;
    pup_cli_did(cli, pinned ? "pin" : "unpin", pinned ? "pinned" : "unpinned",
                pinned ? "%s@%u: it stays whatever the room's profile says"
                       : "%s@%u: whether it stays is the room's profile's to say",
                room, version);
    return TRUE;
}

static gboolean
run_pin(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);

    return pup_cli_parse(cli, NULL, &args, error) && pin(cli, args[0], TRUE, error);
}

static gboolean
run_unpin(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);

    return pup_cli_parse(cli, NULL, &args, error) && pin(cli, args[0], FALSE, error);
}

const PupCommand pup_cmd_room_pin = {
    .name = "room pin",
    .args = "NAME@VERSION",
    .summary = "Keep a version whatever the room's profile says",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run_pin,
};

const PupCommand pup_cmd_room_unpin = {
    .name = "room unpin",
    .args = "NAME@VERSION",
    .summary = "Take a version's pin away",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run_unpin,
};
