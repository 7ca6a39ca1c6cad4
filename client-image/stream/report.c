/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/report.h"

#include <pthread.h>

#include "client-image/common/notify.h"

struct PupReport {
    char *socket_path;
    pthread_mutex_t lock; /* keeps counts and lines in one order */
    gboolean had_chunk;
    unsigned n_waiting;
};

PupReport *
pup_report_new(const char *socket_path)
{
    PupReport *report = g_new0(PupReport, 1);

    report->socket_path = g_strdup(socket_path);
    pthread_mutex_init(&report->lock, NULL);
    return report;
}

void
pup_report_free(PupReport *report)
{
    if (!report)
        return;
    pthread_mutex_destroy(&report->lock);
    g_free(report->socket_path);
    g_free(report);
}

static void
tell(const PupReport *report, const char *what, const char *text)
{
    g_printerr("pupitre: stream %s%s%s\n", what, *text ? " " : "", text);
    if (report->socket_path)
        pup_notify_send(report->socket_path, "stream %s%s%s", what, *text ? " " : "",
                        text);
}

void
pup_report_chunk(PupReport *report)
{
    pthread_mutex_lock(&report->lock);
    if (!report->had_chunk)
        tell(report, "first-chunk", "");
    report->had_chunk = TRUE;
    pthread_mutex_unlock(&report->lock);
}

void
pup_report_wait(PupReport *report, const char *why)
{
    pthread_mutex_lock(&report->lock);
    if (report->n_waiting++ == 0)
        tell(report, "waiting", why);
    pthread_mutex_unlock(&report->lock);
}

void
pup_report_resume(PupReport *report)
{
    pthread_mutex_lock(&report->lock);
    if (--report->n_waiting == 0)
        tell(report, "resumed", "");
    pthread_mutex_unlock(&report->lock);
}

void
pup_report_corrupt(PupReport *report, const char *what)
{
    pthread_mutex_lock(&report->lock);
    tell(report, "corrupt", what);
    pthread_mutex_unlock(&report->lock);
}

void
pup_report_disk_cache(PupReport *report, const char *why)
{
    pthread_mutex_lock(&report->lock);
    tell(report, "disk-cache", why);
    pthread_mutex_unlock(&report->lock);
}
