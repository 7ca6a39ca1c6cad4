/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/progress.h"

static void
say_report(const PupCli *cli, const char *room, const PupPublishReport *report)
{
    g_autofree char *read = pup_bytes_format(report->bytes_read);
    g_autofree char *stored = pup_bytes_format(report->bytes_stored);

    if (cli->dry_run)
        pup_cli_say(cli, "read %s of the sub-master and publish %s@%u", read, room,
                    report->version);
    else if (report->unchanged)
        pup_cli_say(cli, "nothing changed since %s@%u: nothing to publish", room,
                    report->version);
    else
        pup_cli_say(cli,
                    "%s@%u is published: %s read, %" G_GUINT64_FORMAT
                    " new chunks, %s stored",
                    room, report->version, read, report->n_chunks_new, stored);
    if (report->n_retired > 0)
        pup_cli_say(cli, "%u older version%s removed, as the room's profile says",
                    report->n_retired, report->n_retired == 1 ? " was" : "s were");
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_autoptr(PupBar) bar = NULL;
    PupWorkshop shop;
    PupPublishReport report = {0};

    if (!pup_cli_parse(cli, NULL, &args, error) ||
        !(bar = pup_bar_begin(cli, &shop, error)) ||
        !pup_room_publish(&shop, args[0], &report, error))
        return FALSE;
    g_clear_pointer(&bar, pup_bar_free);
    say_report(cli, args[0], &report);
    return TRUE;
}

const PupCommand pup_cmd_room_publish = {
    .name = "room publish",
    .args = "NAME",
    .summary = "Publish a room's sub-master as its next version",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
