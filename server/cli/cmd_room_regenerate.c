/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/out.h"
#include "server/cli/progress.h"
#include "server/cli/schedule.h"
#include "server/cli/take.h"

#include "server/image/canary.h"
#include "server/image/regenerate.h"

typedef struct {
    PupCli *cli;
    PupBar *bar;
    GString *line; /* what the guest's programs have not ended yet */
} Watch;

static PupVirt *
open_virt(gpointer data, GError **error)
{
    const Watch *watch = data;

    return pup_cli_virt(watch->cli, error);
}

/* What the guest's programs print. */
static void
print_output(gpointer data, const char *text, gsize len)
{
    const Watch *watch = data;

    if (watch->cli->quiet)
        return;
    pup_bar_hide(watch->bar);
    pup_out_foreign(watch->line, text, len);
}

static void
say_published(const PupCli *cli, const char *room, const PupRegenerateReport *report)
{
    const PupPublishReport *publish = &report->publish;
    g_autofree char *stored = pup_bytes_format(publish->bytes_stored);

    if (report->n_steps > 0)
        pup_cli_say(cli, "%u of %u steps of the recipe were run", report->n_run,
                    report->n_steps);
    if (publish->unchanged)
        pup_cli_say(cli, "%s: made afresh over %s; its disk is that of %s@%u", room,
                    report->base, room, publish->version);
    else
        pup_cli_say(cli, "%s@%u is published%s, made afresh over %s%s: %s stored", room,
                    publish->version, publish->on_trial ? " to its canary alone" : "",
                    report->base, report->tested ? " and tested" : "", stored);
    if (publish->n_retired > 0)
        pup_cli_say(cli, "%u older version%s removed, as the room's profile says",
                    publish->n_retired, publish->n_retired == 1 ? " was" : "s were");
}

static void
say_report(const PupCli *cli, const char *room, const PupRegenerateReport *report)
{
    if (report->unchanged)
        pup_cli_say(cli,
                    cli->dry_run ? "leave %s@%u: nothing changed since"
                                 : "nothing changed since %s@%u",
                    room, report->publish.version);
    else if (cli->dry_run)
        pup_cli_say(cli,
                    "make the sub-master of room %s afresh over %s with %u of the %u "
                    "steps of its recipe to run, and publish %s@%u",
                    room, report->base, report->n_run, report->n_steps, room,
                    report->publish.version);
    else
        say_published(cli, room, report);
}

/* Let the daemon do it later, with the same options; the seat by its MAC, so that it may
 * be renamed meanwhile. */
static gboolean
put_off(PupCli *cli, const PupScheduleArgs *schedule, const char *room,
        const PupRegenerate *options, const char *when, GError **error)
{
    PupCatalog *catalog = pup_cli_catalog(cli, error);
    g_autoptr(PupRoomProfile) profile = NULL;
    g_autoptr(GString) text =
        g_string_new(options->discard_edits ? " --discard-edits" : "");
    const PupRoomSeat *seat = NULL;

    if (!catalog)
        return FALSE;
    if (options->canary && (profile = pup_catalog_room(catalog, room, error)))
        seat = pup_canary_find_seat(profile, room, options->canary, error);
    if (options->canary && !seat)
        return FALSE;
    if (seat)
        g_string_append_printf(text, " --canary=%s", seat->mac);
    if (when)
        g_string_append_printf(text, " --seats=%s", when);
    return pup_schedule_change(cli, schedule, room, g_strchug(text->str), error);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_auto(PupRegenerateReport) report = {0};
    g_autoptr(PupBar) bar = NULL;
    g_auto(PupScheduleArgs) schedule = {NULL};
    g_autofree char *canary = NULL;
    g_autofree char *when = NULL;
    g_autoptr(GString) line = g_string_new(NULL);
    PupRegenerate options = {0};
    PupWorkshop shop;
    Watch watch;
    gboolean done;
    const GOptionEntry entries[] = {
        {"discard-edits", 0, 0, G_OPTION_ARG_NONE, &options.discard_edits,
         "Throw away what was changed by hand", NULL},
        {"canary", 0, 0, G_OPTION_ARG_STRING, &canary,
         "Publish to that seat (name or MAC) alone, on trial", "SEAT"},
        PUP_TAKE_ENTRY(&when),
        PUP_SCHEDULE_ENTRIES(&schedule),
        {NULL}};

    if (!pup_cli_parse(cli, entries, &args, error) || !pup_take_check(cli, when, error))
        return FALSE;
    options.canary = canary;
    if (pup_schedule_is_asked(&schedule))
        return put_off(cli, &schedule, args[0], &options, when, error);
    if (!(bar = pup_bar_begin(cli, &shop, error)))
        return FALSE;
    watch = (Watch){cli, bar, line};
    options.virt = open_virt;
    options.output = print_output;
    options.data = &watch;
    done = pup_room_regenerate(&shop, args[0], &options, &report, error);
    if (!cli->quiet)
        pup_out_foreign(line, "", 0);
    if (!done)
        return FALSE;
    g_clear_pointer(&bar, pup_bar_free);
    say_report(cli, args[0], &report);
    return pup_take_order(cli, args[0], report.publish.version, when, error);
}

const PupCommand pup_cmd_room_regenerate = {
    .name = "room regenerate",
    .args = "NAME",
    .summary = "Make a room's sub-master afresh and publish it",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
