/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schedule - the part of `room regenerate` that only says when, and what shows it
 *
 * The command writes into the catalog, whether the daemon runs or not; the daemon carries
 * it out (server/schedule/scheduler.h).
 */
#pragma once

#include "server/catalog/schedules.h"
#include "server/cli/cli.h"

/* The values of its options; to be cleared. */
typedef struct {
    char *at, *schedule;
    gboolean unschedule;
} PupScheduleArgs;

void pup_schedule_args_clear(PupScheduleArgs *args);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PupScheduleArgs, pup_schedule_args_clear)

/* GOptionEntries that fill in @args. */
#define PUP_SCHEDULE_ENTRIES(args)                                                       \
    {"at",        0,                                                                     \
     0,           G_OPTION_ARG_STRING,                                                   \
     &(args)->at, "Do it once, later: HH:MM, or a time of RFC 3339",                     \
     "TIME"},                                                                            \
        {"schedule",                                                                     \
         0,                                                                              \
         0,                                                                              \
         G_OPTION_ARG_STRING,                                                            \
         &(args)->schedule,                                                              \
         "Do it again and again: \"daily 06:00\", \"weekly mon,thu 06:00\"",             \
         "RULE"},                                                                        \
    {                                                                                    \
        "unschedule", 0, 0, G_OPTION_ARG_NONE, &(args)->unschedule,                      \
            "Forget --at and --schedule of this room", NULL                              \
    }

/* TRUE when one of them was given. */
gboolean pup_schedule_is_asked(const PupScheduleArgs *args);

/* Do what @args ask for @room; @options is what the daemon shall give the command
 * besides, "--seats=idle", or "". Says what was done. Errors: INVALID (a time, a rule,
 * two of them), NOT_FOUND (the room), those of the catalog. */
gboolean pup_schedule_change(PupCli *cli, const PupScheduleArgs *args, const char *room,
                             const char *options, GError **error);

/* The schedules, and how they went the last time, of all rooms or of one. */
typedef struct {
    GArray *schedules; /* of PupSchedule */
    GArray *runs;      /* of PupScheduleRun */
} PupScheduleList;

gboolean pup_schedule_list_load(PupCatalog *catalog, const char *room,
                                PupScheduleList *list, GError **error);
void pup_schedule_list_clear(PupScheduleList *list);

/* "daily 06:00, next 2026-11-22T06:00:00+01", "once, 2026-11-22T06:00:00+01"; new string.
 */
char *pup_schedule_text(const PupSchedule *schedule);
/* "2026-11-21T06:00:03+01, well after 42 s: lab@3 is published"; new string. */
char *pup_schedule_run_text(const PupScheduleRun *run);

/* Arrays for JSON; new references. */
json_t *pup_schedules_json(const GArray *schedules);
json_t *pup_schedule_runs_json(const GArray *runs);
