/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/reporter.h"

#include <string.h>

#include "client-image/seat/log.h"
#include "client-image/seat/task.h"

#define CONNECT_MS 5000
#define STALL_MS 10000
/* Things often change several at a time. */
#define GATHER_MS 50
#define RETRY_S 5u

struct PupReporter {
    char *server, *mac, *boot;
    PupToldFunc on_told;
    gpointer user;
    unsigned poll_s; /* 0: not begun */
    const char *state;
    unsigned version;
    char *detail;
    gint64 stage_ms[PUP_N_STAGES]; /* -1: not reached */
    gboolean stage_sent[PUP_N_STAGES];
    PupStarts starts;
    gboolean is_off;  /* or will be in a moment */
    gboolean changed; /* since the report that is under way, or the last one */
    gboolean failing;
    guint timer;

    PupTask *task; /* sends; the rest is its own while it runs */
    PupHttp *http;
    char *text;
    gboolean carried[PUP_N_STAGES]; /* stages in text */
    PupTold told;
};

static void schedule(PupReporter *reporter, unsigned ms);

PupReporter *
pup_reporter_new(const char *server, const char *mac, const char *boot,
                 PupToldFunc on_told, gpointer user)
{
    PupReporter *reporter = g_new0(PupReporter, 1);

    reporter->server = g_strdup(server);
    reporter->mac = g_strdup(mac);
    reporter->boot = g_strdup(boot);
    reporter->on_told = on_told;
    reporter->user = user;
    reporter->state = "booting";
    reporter->detail = g_strdup("");
    reporter->http = pup_http_new(CONNECT_MS, STALL_MS);
    for (unsigned i = 0; i < PUP_N_STAGES; i++)
        reporter->stage_ms[i] = -1;
    return reporter;
}

void
pup_reporter_free(PupReporter *reporter)
{
    if (!reporter)
        return;
    g_clear_handle_id(&reporter->timer, g_source_remove);
    pup_http_cancel(reporter->http);
    pup_task_end(reporter->task);
    pup_http_free(reporter->http);
    pup_told_clear(&reporter->told);
    g_free(reporter->text);
    g_free(reporter->detail);
    g_free(reporter->server);
    g_free(reporter->mac);
    g_free(reporter->boot);
    g_free(reporter);
}

static gboolean
send_text(gpointer data, GError **error)
{
    PupReporter *reporter = data;

    return pup_server_report(reporter->http, reporter->server, reporter->mac,
                             reporter->text, &reporter->told, error);
}

static void
on_sent(gpointer data, const GError *error)
{
    PupReporter *reporter = data;

    reporter->task = NULL;
    if (error) {
        if (!reporter->failing)
            pup_log("report-lost", "%s", error->message);
        reporter->failing = TRUE;
        reporter->changed = TRUE;
        schedule(reporter, MIN(RETRY_S, reporter->poll_s) * 1000);
        return;
    }
    reporter->failing = FALSE;
    for (unsigned i = 0; i < PUP_N_STAGES; i++)
        reporter->stage_sent[i] |= reporter->carried[i];
    schedule(reporter, reporter->changed ? GATHER_MS : reporter->poll_s * 1000);
    reporter->on_told(reporter->user, &reporter->told);
}

static void
format(PupReporter *reporter)
{
    PupReportText report = {
        .boot = reporter->boot,
        .state = reporter->state,
        .detail = reporter->detail,
        .version = reporter->version,
        .t_ms = pup_uptime_ms(),
        .starts = &reporter->starts,
    };

    for (unsigned i = 0; i < PUP_N_STAGES; i++) {
        gboolean send = reporter->stage_ms[i] >= 0 && !reporter->stage_sent[i];

        report.stage_ms[i] = send ? reporter->stage_ms[i] : -1;
        reporter->carried[i] = send;
    }
    g_free(reporter->text);
    reporter->text = pup_report_format(&report);
}

static gboolean
on_time(gpointer data)
{
    PupReporter *reporter = data;

    reporter->timer = 0;
    if (reporter->task)
        return G_SOURCE_REMOVE;
    reporter->changed = FALSE;
    format(reporter);
    reporter->task = pup_task_start(send_text, on_sent, reporter);
    return G_SOURCE_REMOVE;
}

static void
schedule(PupReporter *reporter, unsigned ms)
{
    g_clear_handle_id(&reporter->timer, g_source_remove);
    reporter->timer = g_timeout_add(ms, on_time, reporter);
}

static void
change(PupReporter *reporter)
{
    reporter->changed = TRUE;
    if (reporter->poll_s > 0 && !reporter->task && !reporter->failing)
        schedule(reporter, GATHER_MS);
}

void
pup_reporter_begin(PupReporter *reporter, unsigned poll_s)
{
    reporter->poll_s = poll_s;
    change(reporter);
}

void
pup_reporter_stage(PupReporter *reporter, PupStage stage)
{
    gint64 now_ms = pup_uptime_ms();

    pup_starts_stage(&reporter->starts, stage, now_ms);
    if (reporter->stage_ms[stage] >= 0)
        return;
    reporter->stage_ms[stage] = now_ms;
    pup_log("stage", "%s", pup_stage_name(stage));
    change(reporter);
}

void
pup_reporter_start(PupReporter *reporter, unsigned version)
{
    pup_starts_begin(&reporter->starts, version, pup_uptime_ms());
}

void
pup_reporter_reset(PupReporter *reporter)
{
    if (!pup_starts_reset(&reporter->starts, pup_uptime_ms()))
        return;
    pup_log("guest", "reset");
    change(reporter);
}

void
pup_reporter_start_over(PupReporter *reporter, const char *end)
{
    pup_starts_end(&reporter->starts, end);
    change(reporter);
}

void
pup_reporter_off(PupReporter *reporter)
{
    reporter->state = "off";
    reporter->is_off = TRUE;
    reporter->changed = TRUE;
    if (reporter->poll_s > 0 && !reporter->task)
        schedule(reporter, 0);
}

void
pup_reporter_state(PupReporter *reporter, const char *state, unsigned version,
                   const char *detail)
{
    if (reporter->is_off)
        state = "off";
    if (strcmp(state, reporter->state) == 0 && version == reporter->version &&
        strcmp(detail, reporter->detail) == 0)
        return;
    reporter->state = state;
    reporter->version = version;
    g_free(reporter->detail);
    reporter->detail = g_strdup(detail);
    change(reporter);
}
