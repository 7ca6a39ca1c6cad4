/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scheduler - carries out the rooms' schedules, in the daemon
 *
 *     scheduler = pup_scheduler_new(&options)
 *     pup_scheduler_tick(scheduler)      every few seconds
 *
 * What is due is one child at a time,
 *
 *     pupitre --config C room regenerate NAME [OPTION...]
 *
 * which does all the work; how it ended goes into catalog and log. What was missed, or
 * broken off by the daemon's end, is done when the daemon runs again, unless it is
 * PUP_SCHEDULE_LATE_MS late by then: a night's work is not to begin in a class.
 *
 * Threads: the main one; callbacks from the main context.
 */
#pragma once

#include "server/catalog/schedules.h"

#define PUP_SCHEDULE_LATE_MS (G_GINT64_CONSTANT(12) * 3600 * 1000)

typedef struct {
    PupCatalog *catalog;
    const char *program;    /* path of the command */
    const char *config;     /* its --config; NULL: none */
    gint64 (*now_ms)(void); /* Unix time */
} PupSchedulerOptions;

typedef struct PupScheduler PupScheduler;

/* @options is copied, what it points to is borrowed. A run that the catalog has as not
 * ended is one that the last daemon did not see the end of: it is marked so. */
PupScheduler *pup_scheduler_new(const PupSchedulerOptions *options);

/* Ends a child that runs; its schedule stays due. */
void pup_scheduler_free(PupScheduler *scheduler);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupScheduler, pup_scheduler_free)

/* Start what is due, unless something runs. */
void pup_scheduler_tick(PupScheduler *scheduler);
