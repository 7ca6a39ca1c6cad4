/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/compacted.h"
#include "server/cli/progress.h"

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_autoptr(PupBar) bar = NULL;
    PupCompactReport report = {0};
    PupWorkshop shop;

    if (!pup_cli_parse(cli, NULL, &args, error) ||
        !(bar = pup_bar_begin(cli, &shop, error)) ||
        !pup_room_compact(&shop, args[0], &report, error))
        return FALSE;
    g_clear_pointer(&bar, pup_bar_free);
    pup_cli_say_compacted(cli, args[0], &report);
    return TRUE;
}

const PupCommand pup_cmd_room_compact = {
    .name = "room compact",
    .args = "NAME",
    .summary = "Give back what a room's sub-master no longer holds",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
