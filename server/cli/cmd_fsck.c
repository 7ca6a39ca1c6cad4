/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/findings.h"
#include "server/cli/out.h"
#include "server/cli/progress.h"

#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/store/fsck.h"

/* What the checks of the parts and the store's own fsck found. */
typedef struct {
    const PupWorkshop *shop;
    gboolean repaired;
    PupCheckup *checkup;
    PupFsckReport *report;
} Found;

/* Each master of which a version is harmed is imported once more: from its own file,
 * which is the very disk, or from what it was imported from. */
static void
add_imports(const Found *found, const PupFsckFinding *finding, GString *text)
{
    g_autoptr(GHashTable) named =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (unsigned i = 0; i < finding->n_masters; i++) {
        g_autofree char *name = NULL, *path = NULL;
        unsigned version = 0;
        if (!pup_ident_split("master", finding->versions[i], &name, &version, NULL))
            continue;
        path = pup_master_path(found->shop, name, version);
        if (g_hash_table_contains(named, name))
            continue;
        g_string_append_printf(text, "%s`pupitre master import %s %s`",
                               g_hash_table_size(named) > 0 ? ", " : "", name,
                               access(path, R_OK) == 0 ? path : "FILE");
        g_hash_table_add(named, g_steal_pointer(&name));
    }
    g_string_append(text, " of the very same disk stores it again");
}

/* A room's version that stands is made of its sub-master; what an older one had may be
 * nowhere else. */
static void
add_publishes(const Found *found, const PupFsckFinding *finding, GString *text)
{
    g_autoptr(GString) lost = g_string_new(NULL);
    unsigned n = 0;

    for (char **label = finding->versions; *label; label++) {
        g_autofree char *name = NULL;
        unsigned version = 0;
        if (!pup_ident_split("room", *label, &name, &version, NULL))
            continue;
        if (pup_store_current(found->shop->store, PUP_KIND_ROOM, name, NULL) != version)
            g_string_append_printf(lost, "%s%s", lost->len > 0 ? ", " : "", *label);
        else
            g_string_append_printf(text, "%s`pupitre room publish %s`",
                                   n++ > 0 ? ", " : "", name);
    }
    if (n > 0)
        g_string_append(text, " stores again what the sub-master still has");
    if (lost->len > 0)
        g_string_append_printf(text,
                               "%s%s %s not what the room stands at, and nothing "
                               "else brings that back",
                               n > 0 ? "; " : "", lost->str,
                               strchr(lost->str, ',') ? "are" : "is");
}

/* Of what a write may store again. */
static char *
mend_of_bytes(const Found *found, const PupFsckFinding *finding)
{
    gboolean taken_out = found->repaired || finding->remedy == PUP_FSCK_MISSING;
    g_autoptr(GString) text = g_string_new("restore the store from a backup; or ");

    if (!finding->versions[0])
        return g_strdup(taken_out ? "nothing that could be followed needs it"
                                  : "nothing that could be followed needs it: `pupitre "
                                    "fsck --repair` takes it out");
    if (!taken_out)
        g_string_append(text, "`pupitre fsck --repair` takes it out, then ");
    if (finding->n_masters > 0)
        add_imports(found, finding, text);
    else
        add_publishes(found, finding, text);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* What mends what the store's fsck found; new string. */
static char *
mend_of(const Found *found, const PupFsckFinding *finding)
{
    if (finding->mend)
        return g_strdup(finding->mend);
    if (finding->harmless)
        return g_strdup("`pupitre gc` or `pupitre fsck --repair` clears it");
    if (finding->remedy == PUP_FSCK_REPAIR)
        return g_strdup(found->repaired ? "that was done"
                                        : "`pupitre fsck --repair` brings it back");
    if (finding->remedy != PUP_FSCK_OTHER)
        return mend_of_bytes(found, finding);
    return g_strdup("restore the store from a backup");
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
        g_autofree char *mend = mend_of(found, finding);
        json_t *versions = json_array();
        for (char **version = finding->versions; *version; version++)
            json_array_append_new(versions, json_string(*version));
        json_array_append_new(array,
                              pup_finding_json(severity_of(finding), finding->object,
                                               finding->problem, mend, versions));
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
        g_autofree char *mend = mend_of(found, finding);
        if (severity_of(finding) < least)
            continue;
        pup_finding_print(stdout, severity_of(finding), finding->object, finding->problem,
                          mend, finding->versions);
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
    PupWorkshop shop;
    Found found = {.shop = &shop, .repaired = repair};
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
