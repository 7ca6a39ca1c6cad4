/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/findings.h"
#include "server/cli/out.h"
#include "server/cli/progress.h"

#include "lib/error.h"
#include "lib/file.h"
#include "server/store/fsck.h"

/* What the checks of the parts and the store's own fsck found. */
typedef struct {
    PupCheckup *checkup;
    PupFsckReport *report;
} Found;

/* What mends what the store's fsck found. */
static const char *
mend_of(const PupFsckFinding *finding)
{
    if (finding->mend)
        return finding->mend;
    if (finding->harmless)
        return "`pupitre gc` or `pupitre fsck --repair` clears it";
    return finding->versions[0]
               ? "restore the store from a backup; `pupitre room publish` stores again "
                 "what a sub-master or its master still has"
               : "restore the store from a backup";
}

static PupFindingSeverity
severity_of(const PupFsckFinding *finding)
{
    return finding->harmless ? PUP_FINDING_NOTE : PUP_FINDING_DAMAGE;
}

static json_t *
json_of(const Found *found)
{
    json_t *array = pup_findings_json(found->checkup);

    for (unsigned i = 0; i < found->report->findings->len; i++) {
        const PupFsckFinding *finding = g_ptr_array_index(found->report->findings, i);
        json_t *versions = json_array();
        for (char **version = finding->versions; *version; version++)
            json_array_append_new(versions, json_string(*version));
        json_array_append_new(array, pup_finding_json(severity_of(finding),
                                                      finding->object, finding->problem,
                                                      mend_of(finding), versions));
    }
    return json_pack("{s:o}", "findings", array);
}

/* With --quiet, nothing of what is harmless. */
static void
print_findings(const PupCli *cli, const Found *found)
{
    PupFindingSeverity least = cli->quiet ? PUP_FINDING_WARNING : PUP_FINDING_NOTE;

    if (cli->json) {
        pup_out_json(json_of(found));
        return;
    }
    pup_findings_print(stdout, found->checkup, least);
    for (unsigned i = 0; i < found->report->findings->len; i++) {
        const PupFsckFinding *finding = g_ptr_array_index(found->report->findings, i);
        if (severity_of(finding) < least)
            continue;
        pup_finding_print(stdout, severity_of(finding), finding->object, finding->problem,
                          mend_of(finding), finding->versions);
    }
}

static unsigned
count_harmful(const Found *found)
{
    unsigned n = pup_checkup_count(found->checkup, PUP_FINDING_WARNING);

    for (unsigned i = 0; i < found->report->findings->len; i++)
        if (!((PupFsckFinding *) g_ptr_array_index(found->report->findings, i))->harmless)
            n++;
    return n;
}

static void
say_summary(const PupCli *cli, const Found *found, unsigned n_harmful)
{
    const PupFsckReport *report = found->report;
    g_autofree char *bytes = pup_bytes_format(report->bytes);
    unsigned n = report->findings->len + found->checkup->findings->len;
    g_autofree char *verdict = NULL;

    if (cli->quiet || cli->json)
        return;
    verdict = n == 0 ? g_strdup("clean")
                     : g_strdup_printf("%u finding%s, %u harmful", n, n == 1 ? "" : "s",
                                       n_harmful);
    pup_out_line("checked %" G_GUINT64_FORMAT " versions, %" G_GUINT64_FORMAT
                 " chunks, %" G_GUINT64_FORMAT
                 " packs, %s, and what stands around them: %s",
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

/* The public half checks signatures; without its file, the secret one tells it. */
static PupPublicKey *
find_public_key(const PupWorkshop *shop)
{
    g_autofree char *path = pup_settings_path(shop->settings, "keys/server.pub");
    g_autoptr(GBytes) text = NULL;

    if (shop->key)
        return pup_secret_key_public(shop->key);
    text = pup_file_read(path, PUP_SIGNATURE_TEXT_MAX, NULL);
    return text ? pup_public_key_parse(g_bytes_get_data(text, NULL),
                                       g_bytes_get_size(text), NULL)
                : NULL;
}

/* All but the place of the state folder, which `status` judges. What --repair mends is
 * mended before it would be found. */
static gboolean
look(const PupCli *cli, PupWorkshop *shop, gboolean repair, Found *found, GError **error)
{
    g_autoptr(PupBar) bar = pup_bar_new(cli->quiet);
    g_autoptr(PupPublicKey) key = find_public_key(shop);

    if (!pup_fsck(shop->store, key, repair, pup_bar_update, bar, &found->report, error))
        return FALSE;
    g_clear_pointer(&bar, pup_bar_free);
    if (repair && !sweep(cli, shop, repair, error)) {
        pup_fsck_report_free(found->report);
        return FALSE;
    }
    found->checkup = pup_checkup_run(shop, PUP_CHECK_ALL & ~PUP_CHECK_STATE, NULL, TRUE);
    return TRUE;
}

static gboolean
check(PupCli *cli, gboolean repair, GError **error)
{
    Found found = {NULL};
    PupWorkshop shop;
    unsigned n_harmful;
    gboolean swept;

    if (!pup_cli_workshop_to_look(cli, &shop, error) ||
        !look(cli, &shop, repair, &found, error))
        return FALSE;
    n_harmful = count_harmful(&found);
    print_findings(cli, &found);
    say_summary(cli, &found, n_harmful);
    pup_checkup_free(found.checkup);
    pup_fsck_report_free(found.report);
    swept = repair || sweep(cli, &shop, repair, error);
    if (swept && n_harmful > 0)
        pup_error_set(error, PUP_ERROR_CORRUPT, "%u thing%s to mend", n_harmful,
                      n_harmful == 1 ? "" : "s");
    return swept && n_harmful == 0;
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
    .summary = "Check every stored byte and all that belongs to it",
    .flags = PUP_CLI_LISTS | PUP_CLI_CHANGES,
    .run = run,
    .quiet = "Print problems and warnings only",
};
