/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"

#include "server/image/rename.h"

static void
say(const PupCli *cli, char *const *names, const PupRename *report)
{
    pup_cli_did(cli, "rename", "renamed", "room %s to %s: %u version%s%s%s", names[0],
                names[1], report->n_versions, report->n_versions == 1 ? "" : "s",
                report->n_schedules > 0 ? ", its schedule" : "",
                report->has_recipe ? ", its recipe" : "");
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    PupRename report = {0};
    PupWorkshop shop;

    if (!pup_cli_parse(cli, NULL, &args, error))
        return FALSE;
    pup_cli_catch_signals(cli);
    if (!pup_cli_workshop(cli, &shop, error) ||
        !pup_room_rename(&shop, args[0], args[1], &report, error))
        return FALSE;
    say(cli, args, &report);
    return TRUE;
}

const PupCommand pup_cmd_room_rename = {
    .name = "room rename",
    .args = "NAME NEW-NAME",
    .summary = "Give a room another name, with all that it has",
    .flags = PUP_CLI_CHANGES,
    .min_args = 2,
    .max_args = 2,
    .run = run,
};
