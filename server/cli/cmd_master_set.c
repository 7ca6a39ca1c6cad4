/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/needs.h"

#include "lib/error.h"

static gboolean
set(PupCli *cli, const char *name, const PupNeedsChange *change, GError **error)
{
    g_autofree char *needs = NULL;
    PupPublishReport report = {0};
    PupWorkshop shop;

    pup_cli_catch_signals(cli);
    if (!pup_cli_workshop(cli, &shop, error))
        return FALSE;
    shop.needs = change;
    if (!pup_master_set(&shop, name, &report, error))
        return FALSE;
    needs = pup_needs_text(&report.needs);
    if (report.unchanged)
        pup_cli_did(cli, "leave", "left", "%s@%u as it is: %s", name, report.version,
                    needs);
    else
        pup_cli_did(cli, "make", "made",
                    "%s@%u of the same disk, which needs %s; rooms that are there "
                    "keep their profiles (`pupitre room edit`)",
                    name, report.version, needs);
    return TRUE;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(PupCliNeeds) words = {NULL};
    g_auto(GStrv) args = g_strdupv(argv);
    PupNeedsChange change;
    const GOptionEntry options[] = {PUP_CLI_NEEDS_OPTIONS(words), {NULL}};

    if (!pup_cli_parse(cli, options, &args, error) ||
        !pup_cli_needs_parse(&words, &change, error))
        return FALSE;
    if (change.set)
        return set(cli, args[0], &change, error);
    pup_error_set(error, PUP_ERROR_INVALID,
                  "say what to set: --firmware, --disk-bus, --clock, --tpm or --hyperv");
    return FALSE;
}

const PupCommand pup_cmd_master_set = {
    .name = "master set",
    .args = "NAME",
    .summary = "Say what a master's disk needs of its guest",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
