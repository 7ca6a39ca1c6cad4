/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/import.h"

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(PupCliImport) from = {0};
    g_auto(GStrv) args = g_strdupv(argv);
    PupPublishReport report = {0};

    return pup_cli_import_parse(cli, &from, &args, error) &&
           pup_cli_import(cli, args, &from, &report, error);
}

const PupCommand pup_cmd_master_import = {
    .name = "master import",
    .args = "NAME [FILE]",
    .summary = "Import a disk as the next version of a master",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 2,
    .run = run,
};
