/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/findings.h"
#include "server/cli/progress.h"
#include "server/cli/take.h"
#include "server/image/canary.h"

static void
say_published(const PupCli *cli, const char *room, const char *seat,
              const PupPublishReport *report)
{
    g_autofree char *read = pup_bytes_format(report->bytes_read);
    g_autofree char *stored = pup_bytes_format(report->bytes_stored);
    g_autofree char *trial = seat ? g_strdup_printf(" to seat '%s' alone", seat) : NULL;
    const char *where = trial ? trial : "";

    if (cli->dry_run)
        pup_cli_say(cli, "read %s of the sub-master and publish %s@%u%s", read, room,
                    report->version, where);
    else
        pup_cli_say(cli,
                    "%s@%u is published%s: %s read, %" G_GUINT64_FORMAT
                    " new chunks, %s stored",
                    room, report->version, where, read, report->n_chunks_new, stored);
    if (seat && !cli->dry_run)
        pup_cli_say(cli,
                    "`pupitre room promote %s` gives it to the room, `pupitre room "
                    "rollback %s` drops it",
                    room, room);
}

static void
say_report(const PupCli *cli, const char *room, const char *seat,
           const PupPublishReport *report)
{
    g_autofree char *stored = pup_bytes_format(report->bytes_stored);

    if (!report->unchanged)
        say_published(cli, room, seat, report);
    else if (report->on_trial)
        pup_cli_say(cli, "nothing changed since %s@%u, which is on trial at seat '%s'",
                    room, report->version, seat);
    else
        pup_cli_say(cli, "nothing changed since %s@%u: nothing to publish", room,
                    report->version);
    if (report->unchanged && report->bytes_stored > 0)
        pup_cli_say(cli, "stored again %s of it that was lost", stored);
    if (report->n_retired > 0)
        pup_cli_say(cli, "%u older version%s removed, as the room's profile says",
                    report->n_retired, report->n_retired == 1 ? " was" : "s were");
}

static gboolean
publish(PupCli *cli, const char *room, const char *seat, const char *when, GError **error)
{
    g_autoptr(PupBar) bar = NULL;
    g_autofree char *name = NULL;
    PupWorkshop shop;
    PupPublishReport report = {0};

    if (!(bar = pup_bar_begin(cli, &shop, error)) ||
        !pup_room_publish(&shop, room, seat, &report, error))
        return FALSE;
    g_clear_pointer(&bar, pup_bar_free);
    name = seat ? pup_canary_seat_name(shop.catalog, room, seat) : NULL;
    say_report(cli, room, name, &report);
    pup_findings_warn(cli, &shop, room);
    return pup_take_order(cli, room, report.version, when, error);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_autofree char *seat = NULL;
    g_autofree char *when = NULL;
    const GOptionEntry options[] = {PUP_TAKE_ENTRY(&when),
                                    {"canary", 0, 0, G_OPTION_ARG_STRING, &seat,
                                     "Publish to that seat (name or MAC) alone, on trial",
                                     "SEAT"},
                                    {NULL}};

    return pup_cli_parse(cli, options, &args, error) &&
           pup_take_check(cli, when, error) && publish(cli, args[0], seat, when, error);
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
