/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"

#include "lib/error.h"
#include "lib/ident.h"
#include "server/image/master_remove.h"

static gboolean
confirm(const PupCli *cli, const char *label, gboolean yes, GError **error)
{
    g_autofree char *question =
        g_strdup_printf("Remove master '%s' and its files?", label);

    if (yes || cli->dry_run || pup_cli_ask(question))
        return TRUE;
    pup_error_set(error, PUP_ERROR_DENIED,
                  "master '%s' was not removed; add --yes to do it without a question",
                  label);
    return FALSE;
}

/* What is refused is refused before it is asked about. */
static gboolean
remove_master(PupCli *cli, const char *label, gboolean yes, PupMasterRemoval *removal,
              GError **error)
{
    g_autofree char *name = NULL;
    unsigned version = 0;
    PupWorkshop shop;

    if (!pup_ident_split("master", label, &name, &version, error) ||
        !pup_cli_workshop(cli, &shop, error))
        return FALSE;
    shop.dry_run = TRUE;
    if (!pup_master_remove(&shop, name, version, removal, error) ||
        !confirm(cli, label, yes, error))
        return FALSE;
    if (cli->dry_run)
        return TRUE;
    shop.dry_run = FALSE;
    *removal = (PupMasterRemoval){0};
    return pup_master_remove(&shop, name, version, removal, error);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    gboolean yes = FALSE;
    g_auto(GStrv) args = g_strdupv(argv);
    g_autofree char *bytes = NULL;
    PupMasterRemoval removal = {0};
    const GOptionEntry options[] = {
        {"yes", 'y', 0, G_OPTION_ARG_NONE, &yes, "Do not ask", NULL}, {NULL}};

    if (!pup_cli_parse(cli, options, &args, error) ||
        !remove_master(cli, args[0], yes, &removal, error))
        return FALSE;
    bytes = pup_bytes_format(removal.file_bytes);
    pup_cli_did(cli, "remove", "removed",
                "master %s: %u version%s, %s of files; `pupitre gc` gives the "
                "store's bytes back",
                args[0], removal.n_versions, removal.n_versions == 1 ? "" : "s", bytes);
    return TRUE;
}

const PupCommand pup_cmd_master_remove = {
    .name = "master remove",
    .args = "NAME[@VERSION]",
    .summary = "Remove a master, or one of its old versions, that nothing stands on",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
