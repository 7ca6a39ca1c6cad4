/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"

#define BUILD_PROGRAM PUP_PKGLIBEXECDIR "/build-client-image"

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv), words = NULL;
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    const PupSettings *settings;
    g_autofree char *output = NULL, *key = NULL;

    if (!pup_cli_parse(cli, NULL, &args, error))
        return FALSE;
    settings = pup_cli_settings(cli, error);
    if (!settings)
        return FALSE;
    output = pup_settings_path(settings, "client-image");
    key = pup_settings_path(settings, "keys/server.pub");
    g_strv_builder_add_many(builder, BUILD_PROGRAM, "--output", output, "--server-key",
                            key, NULL);
    if (cli->dry_run)
        g_strv_builder_add(builder, "--dry-run");
    g_strv_builder_addv(builder, (const char **) args);
    words = g_strv_builder_end(builder);
    return pup_cli_exec(words, error);
}

const PupCommand pup_cmd_image_build = {
    .name = "image build",
    .args = "[-- OPTION ...]",
    .summary = "Build the client image that PCs boot",
    .flags = PUP_CLI_CHANGES,
    .max_args = G_MAXUINT,
    .run = run,
};
