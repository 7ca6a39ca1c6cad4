/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report - what the seat is told of the stream
 *
 * Sends the "stream" lines of client-image/common/notify.h, and writes the same to
 * standard error for the log.
 *
 * Threads: any.
 */
#pragma once

#include <glib.h>

typedef struct PupReport PupReport;

/* @socket_path: the seat's socket; NULL: standard error only. */
PupReport *pup_report_new(const char *socket_path);
void pup_report_free(PupReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupReport, pup_report_free)

/* A chunk came and passed its check. Sends "first-chunk" once. */
void pup_report_chunk(PupReport *report);

/* One more read waits, because of @why; the first one of several sends "waiting". */
void pup_report_wait(PupReport *report, const char *why);

/* A read that was reported as waiting goes on; the last of them sends "resumed". */
void pup_report_resume(PupReport *report);

/* Something failed its check and was dropped. */
void pup_report_corrupt(PupReport *report, const char *what);

/* The seat's disk cache is not used, or not written any more, because of @why. */
void pup_report_disk_cache(PupReport *report, const char *why);
