/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/cli/schedule.h"

#include "lib/error.h"
#include "lib/ident.h"
#include "lib/time_text.h"
#include "server/cli/serving.h"
#include "server/cli/when.h"
#include "server/schedule/rule.h"

void
pup_schedule_args_clear(PupScheduleArgs *args)
{
    g_clear_pointer(&args->at, g_free);
    g_clear_pointer(&args->schedule, g_free);
}

gboolean
pup_schedule_is_asked(const PupScheduleArgs *args)
{
    return args->at || args->schedule || args->unschedule;
}

static gboolean
unschedule(PupCli *cli, const char *room, GError **error)
{
    g_autoptr(GArray) schedules = pup_catalog_schedules(cli->catalog, room, error);

    if (!schedules)
        return FALSE;
    if (schedules->len == 0) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND,
                      "room %s has no schedule: nothing to forget", room);
        return FALSE;
    }
    if (!cli->dry_run && !pup_catalog_unschedule(cli->catalog, room, NULL, error))
        return FALSE;
    for (guint i = 0; i < schedules->len; i++) {
        g_autofree char *text =
            pup_schedule_text(&g_array_index(schedules, PupSchedule, i));
        pup_cli_did(cli, "forget", "forgot", "for room %s: %s", room, text);
    }
    return TRUE;
}

static gboolean
read_time(const PupScheduleArgs *args, PupSchedule *schedule, GError **error)
{
    g_autoptr(GTimeZone) zone = pup_time_zone();
    g_autoptr(GDateTime) now = g_date_time_new_now(zone);
    PupRule rule;

    if (args->at) {
        schedule->once = TRUE;
        return pup_when_parse(args->at, now, &schedule->next_ms, error);
    }
    if (!pup_rule_parse(args->schedule, &rule, error))
        return FALSE;
    g_autofree char *text = pup_rule_format(&rule);
    g_strlcpy(schedule->rule, text, sizeof schedule->rule);
    schedule->next_ms = pup_rule_next(&rule, zone, g_date_time_to_unix(now) * 1000);
    return TRUE;
}

static gboolean
add(PupCli *cli, const PupScheduleArgs *args, const char *room, const char *options,
    GError **error)
{
    PupSchedule schedule = {.once = FALSE};
    g_autofree char *text = NULL;

    if (!read_time(args, &schedule, error)) {
        g_prefix_error(error, "room regenerate: %s: ", args->at ? "--at" : "--schedule");
        return FALSE;
    }
    g_strlcpy(schedule.room, room, sizeof schedule.room);
    g_strlcpy(schedule.options, options, sizeof schedule.options);
    if (!cli->dry_run && !pup_catalog_schedule(cli->catalog, &schedule, error))
        return FALSE;
    text = pup_schedule_text(&schedule);
    pup_cli_did(cli, "regenerate", "will regenerate", "room %s: %s", room, text);
    pup_cli_note_serving(cli);
    return TRUE;
}

gboolean
pup_schedule_change(PupCli *cli, const PupScheduleArgs *args, const char *room,
                    const char *options, GError **error)
{
    PupCatalog *catalog;

    if ((args->at != NULL) + (args->schedule != NULL) + args->unschedule > 1) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "room regenerate: give one of --at, --schedule and --unschedule");
        return FALSE;
    }
    catalog = pup_cli_catalog(cli, error);
    if (!catalog || !pup_ident_check("room", room, error))
        return FALSE;
    if (args->unschedule) /* of a room that is gone, too */
        return unschedule(cli, room, error);
    g_autoptr(PupRoomProfile) profile = pup_catalog_room(catalog, room, error);
    return profile && add(cli, args, room, options, error);
}
