/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <jansson.h>

#include "lib/time_text.h"
#include "server/cli/out.h"
#include "server/cli/schedule.h"

gboolean
pup_schedule_list_load(PupCatalog *catalog, const char *room, PupScheduleList *list,
                       GError **error)
{
    list->schedules = pup_catalog_schedules(catalog, room, error);
    list->runs = list->schedules ? pup_catalog_runs(catalog, room, error) : NULL;
    if (list->runs)
        return TRUE;
    pup_schedule_list_clear(list);
    return FALSE;
}

void
pup_schedule_list_clear(PupScheduleList *list)
{
    g_clear_pointer(&list->schedules, g_array_unref);
    g_clear_pointer(&list->runs, g_array_unref);
}

char *
pup_schedule_text(const PupSchedule *schedule)
{
    g_autofree char *next = pup_time_text_server(schedule->next_ms);
    g_autofree char *options =
        *schedule->options ? g_strdup_printf(" (%s)", schedule->options) : g_strdup("");

    if (schedule->once)
        return g_strdup_printf("once, %s%s", next, options);
    return g_strdup_printf("%s, next %s%s", schedule->rule, next, options);
}

char *
pup_schedule_run_text(const PupScheduleRun *run)
{
    g_autofree char *at =
        pup_time_text_server(run->started_ms ? run->started_ms : run->due_ms);
    gint64 took_s = (run->ended_ms - run->started_ms) / 1000;
    const char *words = run->words;

    if (!run->ended_ms)
        return g_strdup_printf("%s, runs", at);
    if (run->status == PUP_RUN_NO_STATUS)
        return g_strdup_printf("%s, %s", at, words);
    if (run->status == 0)
        return g_strdup_printf("%s, well after %" G_GINT64_FORMAT " s: %s", at, took_s,
                               words);
    return g_strdup_printf("%s, FAILED after %" G_GINT64_FORMAT " s with status %d: %s",
                           at, took_s, run->status, words);
}

/* A time for JSON; null for 0. New reference. */
static json_t *
time_json(gint64 unix_ms)
{
    g_autofree char *text = unix_ms ? pup_time_rfc3339(unix_ms) : NULL;

    return text ? json_string(text) : json_null();
}

json_t *
pup_schedules_json(const GArray *schedules)
{
    json_t *list = json_array();

    for (guint i = 0; i < schedules->len; i++) {
        const PupSchedule *schedule = &g_array_index(schedules, PupSchedule, i);
        json_array_append_new(
            list, json_pack("{s:s, s:b, s:s, s:s, s:o}", "room", schedule->room, "once",
                            schedule->once, "rule", schedule->rule, "options",
                            schedule->options, "next", time_json(schedule->next_ms)));
    }
    return list;
}

json_t *
pup_schedule_runs_json(const GArray *runs)
{
    json_t *list = json_array();

    for (guint i = 0; i < runs->len; i++) {
        const PupScheduleRun *run = &g_array_index(runs, PupScheduleRun, i);
        json_t *status = run->ended_ms && run->status != PUP_RUN_NO_STATUS
                             ? json_integer(run->status)
                             : json_null();
        json_array_append_new(
            list, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "room", run->room, "due",
                            time_json(run->due_ms), "started", time_json(run->started_ms),
                            "ended", time_json(run->ended_ms), "status", status, "words",
                            pup_out_json_text(run->words)));
    }
    return list;
}
