/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/progress.h"

#include "server/store/gc.h"

static void
say_report(const PupCli *cli, const PupGcReport *report, const PupSweepReport *left)
{
    g_autofree char *before = pup_bytes_format(report->bytes_before);
    g_autofree char *after = pup_bytes_format(report->bytes_after);
    g_autofree char *swept = pup_bytes_format(left->bytes);

    pup_cli_say(cli,
                "keep %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                " chunks; remove %" G_GUINT64_FORMAT " packs, rewrite %" G_GUINT64_FORMAT
                ": %s before, %s after",
                report->n_live, report->n_chunks, report->n_packs_removed,
                report->n_packs_rewritten, before, after);
    if (left->n_machines > 0)
        pup_cli_say(cli, "end %u virtual machines that interrupted work left",
                    left->n_machines);
    if (left->n_files > 0)
        pup_cli_say(cli, "remove %u files (%s) that interrupted work left", left->n_files,
                    swept);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_autoptr(PupBar) bar = NULL;
    PupWorkshop shop;
    PupGcReport report = {0};
    PupSweepReport left = {0};

    if (!pup_cli_parse(cli, NULL, &args, error) || !pup_cli_workshop(cli, &shop, error))
        return FALSE;
    bar = pup_bar_new(cli->quiet);
    if (!pup_gc(shop.store, cli->dry_run, pup_bar_update, bar, &report, error) ||
        !pup_workshop_sweep(&shop, &left, error))
        return FALSE;
    g_clear_pointer(&bar, pup_bar_free);
    say_report(cli, &report, &left);
    return TRUE;
}

const PupCommand pup_cmd_gc = {
    .name = "gc",
    .args = "",
    .summary = "Give back the bytes that no version needs",
    .flags = PUP_CLI_CHANGES,
    .run = run,
};
