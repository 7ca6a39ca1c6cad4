/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/progress.h"

static void
say_report(const PupCli *cli, const char *name, const char *file,
           const PupPublishReport *report)
{
    g_autofree char *size = pup_bytes_format(report->disk_bytes);
    g_autofree char *stored = pup_bytes_format(report->bytes_stored);

    if (cli->dry_run)
        pup_cli_say(cli, "import '%s' (a disk of %s) as %s@%u", file, size, name,
                    report->version);
    else if (report->unchanged)
        pup_cli_say(cli, "%s@%u is this very disk already: nothing to do", name,
                    report->version);
    else
        pup_cli_say(
            cli, "%s@%u: a disk of %s, %" G_GUINT64_FORMAT " new chunks, %s in the store",
            name, report->version, size, report->n_chunks_new, stored);
}

static gboolean
import(PupCli *cli, const char *name, const char *file, const char *format,
       GError **error)
{
    g_autoptr(PupBar) bar = NULL;
    PupWorkshop shop;
    PupPublishReport report = {0};

    pup_cli_catch_signals(cli);
    if (!pup_cli_workshop(cli, &shop, error))
        return FALSE;
    bar = pup_bar_new(cli->quiet);
    shop.progress = pup_bar_update;
    shop.progress_data = bar;
    if (!pup_master_import(&shop, name, file, format, &report, error))
        return FALSE;
    g_clear_pointer(&bar, pup_bar_free);
    say_report(cli, name, file, &report);
    return TRUE;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_autofree char *format = NULL;
    g_auto(GStrv) args = g_strdupv(argv);
    const GOptionEntry options[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &format,
         "Format of FILE: raw, qcow2, vmdk, vdi, vhdx, vpc, qcow (probed)", "FORMAT"},
        {NULL}};

    if (!pup_cli_parse(cli, options, &args, error))
        return FALSE;
    return import(cli, args[0], args[1], format, error);
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
