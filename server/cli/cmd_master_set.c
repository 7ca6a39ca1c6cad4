/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/needs.h"
#include "server/cli/out.h"

#include "lib/error.h"
#include "server/image/needs.h"

/* It may be right all the same, and is the admin's word. */
static void
warn_misfit(const PupCli *cli, const PupWorkshop *shop, const char *name,
            PupFirmware firmware)
{
    g_autoptr(PupManifest) master =
        pup_workshop_manifest(shop, PUP_KIND_MASTER, name, 0, NULL);
    g_autofree char *path = master ? pup_master_path(shop, name, master->version) : NULL;
    PupLook look;

    if (cli->quiet || !path || !pup_look_file(shop, path, &look, NULL) ||
        !pup_look_refuses(&look, firmware))
        return;
    pup_out_complain(
        "warning: the disk of master %s looks as if it starts under %s only, "
        "and not under %s",
        name, pup_firmware_is_uefi(firmware) ? "bios" : "uefi",
        pup_firmware_name(firmware));
}

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
    warn_misfit(cli, &shop, name, report.needs.firmware);
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
