/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/import.h"

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

gboolean
pup_cli_import(PupCli *cli, const char *name, const char *file, const char *format,
               PupPublishReport *report, GError **error)
{
    g_autoptr(PupBar) bar = NULL;
    PupWorkshop shop;

    bar = pup_bar_begin(cli, &shop, error);
    if (!bar || !pup_master_import(&shop, name, file, format, report, error))
        return FALSE;
    g_clear_pointer(&bar, pup_bar_free);
    say_report(cli, name, file, report);
    return TRUE;
}
