/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schedules - when rooms are to be regenerated, and how it went the last time
 *
 * A room has one schedule that repeats at most, and one single time at most. The command
 * writes them, the daemon carries them out (server/schedule/scheduler.h). One counts as
 * carried out when the run has ended: a daemon that is killed meanwhile does it again.
 *
 * They are kept in the catalog's database; a schedule that was told to be kept is on the
 * disk. Threads: as the catalog's.
 */
#pragma once

#include "server/catalog/catalog.h"

typedef struct {
    char room[64];
    gboolean once;
    char rule[64];     /* "daily 06:00" (server/schedule/rule.h), once: "" */
    char options[128]; /* what `room regenerate` gets besides the name, "--seats=idle", or
                         "" */
    gint64 next_ms;    /* Unix time when it is due */
} PupSchedule;

/* Keep @schedule in the place of the room's one of that kind. */
gboolean pup_catalog_schedule(PupCatalog *catalog, const PupSchedule *schedule,
                              GError **error);
/* Forget the schedules of @room; how it went stays. *@n (may be NULL): how many. */
gboolean pup_catalog_unschedule(PupCatalog *catalog, const char *room, unsigned *n,
                                GError **error);
/* All schedules, or those of @room where it is not NULL, the next one first: GArray of
 * PupSchedule. */
GArray *pup_catalog_schedules(PupCatalog *catalog, const char *room, GError **error);

/* @schedule was carried out, or missed: it is due next at @next_ms; a single one is gone.
 * One that was replaced or forgotten meanwhile is left as it is. */
gboolean pup_catalog_schedule_done(PupCatalog *catalog, const PupSchedule *schedule,
                                   gint64 next_ms, GError **error);

/* Of a run that did not come about, or whose end nobody saw. */
#define PUP_RUN_NO_STATUS (-1)

typedef struct {
    char room[64];
    gint64 due_ms, started_ms; /* Unix times */
    gint64 ended_ms;           /* 0: it runs, or the daemon was killed meanwhile */
    int status;                /* exit status of the command; 128 + a signal's number */
    char *words;               /* the last that it said */
} PupScheduleRun;

/* Keep @run as the last one of its room. */
gboolean pup_catalog_set_run(PupCatalog *catalog, const PupScheduleRun *run,
                             GError **error);
/* The last run of each room, or of @room: GArray of PupScheduleRun with a clear
 * function. */
GArray *pup_catalog_runs(PupCatalog *catalog, const char *room, GError **error);
