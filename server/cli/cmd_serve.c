/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"

#define DAEMON_PROGRAM PUP_SBINDIR "/pupitred"

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    char *words[] = {(char *) DAEMON_PROGRAM, (char *) "--config", NULL, NULL};

    if (!pup_cli_parse(cli, NULL, &args, error) || !pup_cli_settings(cli, error))
        return FALSE;
    words[2] = (char *) pup_cli_config_path(cli);
    return pup_cli_exec(words, error);
}

const PupCommand pup_cmd_serve = {
    .name = "serve",
    .args = "",
    .summary = "Run the server, pupitred, in the foreground",
    .run = run,
};
