/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/import.h"

#include "lib/error.h"
#include "server/cli/progress.h"
#include "server/image/import_domain.h"

static void
say_report(const PupCli *cli, const char *name, const char *file,
           const PupPublishReport *report)
{
    g_autofree char *size = pup_bytes_format(report->disk_bytes);
    g_autofree char *stored = pup_bytes_format(report->bytes_stored);

    if (cli->dry_run)
        pup_cli_say(cli,
                    "import '%s' (a disk of %s) as %s@%u, unless that is the disk of a "
                    "version that is there",
                    file, size, name, report->version);
    else if (report->restored)
        pup_cli_say(cli, "%s@%u is this very disk: restored its file, which was lost",
                    name, report->version);
    else if (report->unchanged && report->bytes_stored == 0)
        pup_cli_say(cli, "%s@%u is this very disk already: nothing to do", name,
                    report->version);
    else if (!report->unchanged)
        pup_cli_say(
            cli, "%s@%u: a disk of %s, %" G_GUINT64_FORMAT " new chunks, %s in the store",
            name, report->version, size, report->n_chunks_new, stored);
    if (report->unchanged && report->bytes_stored > 0)
        pup_cli_say(cli, "%s@%u is this very disk: stored again %s that was lost", name,
                    report->version, stored);
}

void
pup_cli_import_clear(PupCliImport *from)
{
    g_clear_pointer(&from->format, g_free);
    g_clear_pointer(&from->domain, g_free);
    g_clear_pointer(&from->disk, g_free);
    pup_cli_needs_clear(&from->words);
}

gboolean
pup_cli_import_parse(PupCli *cli, PupCliImport *from, char ***argv, GError **error)
{
    const GOptionEntry options[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &from->format,
         "Format of FILE: raw, qcow2, vmdk, vdi, vhdx, vpc, qcow, parallels (probed)",
         "FORMAT"},
        {"from-domain", 'd', 0, G_OPTION_ARG_STRING, &from->domain,
         "Instead of FILE: a domain of libvirt, which may be running", "DOMAIN"},
        {"disk", 0, 0, G_OPTION_ARG_FILENAME, &from->disk,
         "Which disk of the domain, like vda, or of an archive (the only one)", "DISK"},
        PUP_CLI_NEEDS_OPTIONS(from->words),
        {NULL}};

    if (!pup_cli_parse(cli, options, argv, error) ||
        !pup_cli_needs_parse(&from->words, &from->needs, error))
        return FALSE;
    if ((from->domain != NULL) == ((*argv)[1] != NULL))
        pup_error_set(error, PUP_ERROR_INVALID,
                      "%s: say what to import, a FILE or --from-domain DOMAIN",
                      cli->command->name);
    else if (from->domain && from->format)
        pup_error_set(error, PUP_ERROR_INVALID, "%s: --format is for a FILE",
                      cli->command->name);
    else
        return TRUE;
    return FALSE;
}

/* How good the copy of a running machine is, for whoever will boot it. */
static void
say_moment(const PupCli *cli, const char *domain, const PupDomainImport *made)
{
    if (cli->dry_run || made->report.unchanged || !made->ran)
        return;
    if (made->clean)
        pup_cli_say(cli, "domain %s went on; its file systems were frozen for the copy",
                    domain);
    else
        pup_cli_say(cli,
                    "domain %s went on; without its guest agent the copy is as after a "
                    "power cut",
                    domain);
}

/* No program that reads the disk shall take its name for an option. */
static char *
file_of(const char *word)
{
    return word && word[0] == '-' ? g_strconcat("./", word, NULL) : g_strdup(word);
}

gboolean
pup_cli_import(PupCli *cli, char **args, const PupCliImport *from,
               PupPublishReport *report, GError **error)
{
    g_autoptr(PupBar) bar = NULL;
    PupDomainImport made = {0};
    PupImportFile of;
    PupWorkshop shop;
    g_autofree char *file = file_of(args[1]);
    gboolean done;

    bar = pup_bar_begin(cli, &shop, error);
    if (!bar)
        return FALSE;
    of = (PupImportFile){file, from->format, from->disk};
    if (from->needs.set)
        shop.needs = &from->needs;
    done = from->domain ? pup_master_import_domain(&shop, args[0], from->domain,
                                                   from->disk, &made, error)
                        : pup_master_import(&shop, args[0], &of, &made.report, error);
    if (!done)
        return FALSE;
    g_clear_pointer(&bar, pup_bar_free);
    *report = made.report;
    say_report(cli, args[0], from->domain ? from->domain : args[1], report);
    pup_cli_say_needs(cli, args[0], report);
    if (from->domain)
        say_moment(cli, from->domain, &made);
    return TRUE;
}
