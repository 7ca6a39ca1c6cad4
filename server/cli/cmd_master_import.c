/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/import.h"

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_autofree char *format = NULL;
    g_auto(GStrv) args = g_strdupv(argv);
    PupPublishReport report = {0};
    const GOptionEntry options[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &format, PUP_CLI_FORMAT_HELP, "FORMAT"},
        {NULL}};

    if (!pup_cli_parse(cli, options, &args, error))
        return FALSE;
    return pup_cli_import(cli, args[0], args[1], format, &report, error);
}

const PupCommand pup_cmd_master_import = {
    .name = "master import",
    .args = "NAME FILE",
    .summary = "Import a disk as the next version of a master",
    .flags = PUP_CLI_CHANGES,
    .min_args = 2,
    .max_args = 2,
    .run = run,
};
