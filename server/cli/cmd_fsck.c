/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/out.h"
#include "server/cli/progress.h"

#include "lib/error.h"
#include "server/store/fsck.h"

static const PupColumn columns[] = {
    {"OBJECT", "object", PUP_CELL_TEXT},
    {"PROBLEM", "problem", PUP_CELL_TEXT},
    {"HARMS", "versions", PUP_CELL_TEXTS},
    {"HARMLESS", "harmless", PUP_CELL_BOOL},
    {NULL},
};

/* Print what was found; the number of findings that harm. */
static unsigned
print_findings(const PupCli *cli, const PupFsckReport *report)
{
    g_autoptr(PupTable) table = pup_table_new("findings", columns);
    unsigned n_harmful = 0;

    for (unsigned i = 0; i < report->findings->len; i++) {
        const PupFsckFinding *finding = g_ptr_array_index(report->findings, i);
        pup_table_add(table, finding->object, finding->problem, finding->versions,
                      (int) finding->harmless);
        if (!finding->harmless)
            n_harmful++;
    }
    if (report->findings->len > 0 || cli->json)
        pup_cli_print(cli, table);
    return n_harmful;
}

static void
say_summary(const PupCli *cli, const PupFsckReport *report, unsigned n_harmful)
{
    g_autofree char *bytes = pup_bytes_format(report->bytes);
    g_autofree char *verdict = NULL;

    if (cli->quiet || cli->json)
        return;
    verdict = report->findings->len == 0
                  ? g_strdup("clean")
                  : g_strdup_printf("%u findings, %u harmful", report->findings->len,
                                    n_harmful);
    pup_out_line("checked %" G_GUINT64_FORMAT " versions, %" G_GUINT64_FORMAT
                 " chunks, %" G_GUINT64_FORMAT " packs, %s: %s",
                 report->n_versions, report->n_chunks, report->n_packs, bytes, verdict);
}

/* The left-overs of the workshop are fsck's too. */
static gboolean
sweep(const PupCli *cli, PupWorkshop *shop, gboolean repair, GError **error)
{
    PupSweepReport left = {0};
    g_autofree char *text = NULL;

    shop->dry_run = !repair;
    if (!pup_workshop_sweep(shop, &left, error))
        return FALSE;
    text = pup_bytes_format(left.bytes);
    if (left.n_machines > 0 && !cli->quiet && !cli->json)
        pup_out_line("%u virtual machines that interrupted work left%s", left.n_machines,
                     repair ? ": ended" : "; gc or --repair ends them");
    if (left.n_files > 0 && !cli->quiet && !cli->json)
        pup_out_line("%u files (%s) that interrupted work left in images/ and run/%s",
                     left.n_files, text,
                     repair ? ": removed" : "; gc or --repair removes them");
    if (left.held && !cli->quiet && !cli->json)
        pup_out_line(
            "the store does not have %s, and the files stay: a sub-master or layer "
            "stands on them, or a room is being worked on",
            left.held);
    g_free(left.held);
    return TRUE;
}

static gboolean
check(PupCli *cli, gboolean repair, GError **error)
{
    g_autoptr(PupBar) bar = pup_bar_new(cli->quiet);
    g_autoptr(PupFsckReport) report = NULL;
    g_autoptr(PupPublicKey) key = NULL;
    PupWorkshop shop;
    unsigned n_harmful;

    if (!pup_cli_workshop(cli, &shop, error))
        return FALSE;
    if (shop.key)
        key = pup_secret_key_public(shop.key);
    if (!pup_fsck(shop.store, key, repair, pup_bar_update, bar, &report, error))
        return FALSE;
    g_clear_pointer(&bar, pup_bar_free);
    n_harmful = print_findings(cli, report);
    say_summary(cli, report, n_harmful);
    if (!sweep(cli, &shop, repair, error))
        return FALSE;
    if (n_harmful == 0)
        return TRUE;
    pup_error_set(error, PUP_ERROR_CORRUPT, "the store is damaged: %u findings",
                  n_harmful);
    return FALSE;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    gboolean repair = FALSE;
    g_auto(GStrv) args = g_strdupv(argv);
    const GOptionEntry options[] = {{"repair", 0, 0, G_OPTION_ARG_NONE, &repair,
                                     "Rebuild indexes, remove what crashes left", NULL},
                                    {NULL}};

    return pup_cli_parse(cli, options, &args, error) &&
           check(cli, repair && !cli->dry_run, error);
}

const PupCommand pup_cmd_fsck = {
    .name = "fsck",
    .args = "",
    .summary = "Check every stored byte and name what damage harms",
    .flags = PUP_CLI_LISTS | PUP_CLI_CHANGES,
    .run = run,
};
