/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/http/seat_json.h"

#include <string.h>
#include "lib/json.h"

#define WHAT "body"
#define BODY_MAX_BYTES (64u * 1024u)
#define BOOT_MAX 64u
/* A PC that has been on for a year. */
#define T_MS_MAX (G_GINT64_CONSTANT(366) * 24 * 3600 * 1000)
/* The last day of the year 9999. */
#define CLOCK_MS_MAX G_GINT64_CONSTANT(253402300799000)

static gint64
optional_uint(PupJsonReader *r, const char *key, guint64 max, gint64 fallback)
{
    return pup_json_has(r, key) ? (gint64) pup_json_uint(r, key, 0, max) : fallback;
}

static char *
optional_string(PupJsonReader *r, const char *key, size_t max_len)
{
    return g_strdup(pup_json_has(r, key) ? pup_json_string(r, key, max_len) : "");
}

static char *
take_boot(PupJsonReader *r)
{
    const char *boot = pup_json_string(r, "boot", BOOT_MAX);
    if (!*boot || boot[strspn(boot, "abcdefghijklmnopqrstuvwxyz0123456789-")])
        pup_json_fail(r, "boot", "not an id");
    return g_strdup(boot);
}

PupSeatHello *
pup_seat_hello_parse(const char *text, size_t len, GError **error)
{
    g_autoptr(PupJsonValue) json = pup_json_parse(WHAT, text, len, BODY_MAX_BYTES, error);
    if (!json)
        return NULL;
    PupJsonReader r = PUP_JSON_READER(WHAT, json, error);
    g_autoptr(PupSeatHello) hello = g_new0(PupSeatHello, 1);
    hello->boot = take_boot(&r);
    hello->cpus = optional_uint(&r, "cpus", 65536, 0);
    hello->memory_mib = optional_uint(&r, "memory_mib", 1 << 30, 0);
    hello->kvm = pup_json_has(&r, "kvm") && pup_json_bool(&r, "kvm");
    hello->firmware = optional_string(&r, "firmware", 16);
    hello->clock_ms = optional_uint(&r, "clock_ms", CLOCK_MS_MAX, -1);
    return r.failed ? NULL : g_steal_pointer(&hello);
}

void
pup_seat_hello_free(PupSeatHello *hello)
{
    if (!hello)
        return;
    g_free(hello->boot);
    g_free(hello->firmware);
    g_free(hello);
}

static gboolean
parse_stage(json_t *json, PupSeatStage *stage, GError **error)
{
    PupJsonReader r = PUP_JSON_READER(WHAT ": stages", json, error);
    const char *name = pup_json_string(&r, "stage", 32);
    if (!r.failed && !pup_stage_parse(name, &stage->stage))
        pup_json_fail(&r, "stage", "unknown stage '%s'", name);
    stage->t_ms = pup_json_uint(&r, "t_ms", 0, T_MS_MAX);
    return !r.failed;
}

static void
take_stages(PupJsonReader *r, PupSeatReport *report)
{
    json_t *stages = pup_json_has(r, "stages") ? pup_json_array(r, "stages") : NULL;
    if (json_array_size(stages) > PUP_SEAT_STAGES_MAX) {
        pup_json_fail(r, "stages", "too many");
        return;
    }
    for (size_t i = 0; i < json_array_size(stages) && !r->failed; i++) {
        json_t *item = json_array_get(stages, i);
        if (!json_is_object(item))
            pup_json_fail(r, "stages", "not an object");
        else if (parse_stage(item, &report->stages[i], r->error))
            report->n_stages++;
        else
            r->failed = TRUE;
    }
}

/* An end that is not known is none: a client image may know more of them. */
static gboolean
parse_start(json_t *json, PupGuestStart *start, GError **error)
{
    PupJsonReader r = PUP_JSON_READER(WHAT ": starts", json, error);
    g_autofree char *end = optional_string(&r, "end", sizeof start->end - 1);
    start->t_ms = pup_json_uint(&r, "t_ms", 0, T_MS_MAX);
    start->version = optional_uint(&r, "version", G_MAXINT, 0);
    start->started_ms = optional_uint(&r, "started_ms", T_MS_MAX, -1);
    start->alive_ms = optional_uint(&r, "alive_ms", T_MS_MAX, -1);
    start->resets = optional_uint(&r, "resets", G_MAXINT, 0);
    if (g_strv_contains(pup_guest_ends, end))
        g_strlcpy(start->end, end, sizeof start->end);
    return !r.failed;
}

static void
take_starts(PupJsonReader *r, PupSeatReport *report)
{
    json_t *starts = pup_json_has(r, "starts") ? pup_json_array(r, "starts") : NULL;
    if (json_array_size(starts) > PUP_SEAT_STARTS_MAX) {
        pup_json_fail(r, "starts", "too many");
        return;
    }
    for (size_t i = 0; i < json_array_size(starts) && !r->failed; i++) {
        json_t *item = json_array_get(starts, i);
        if (!json_is_object(item))
            pup_json_fail(r, "starts", "not an object");
        else if (parse_start(item, &report->starts[i], r->error))
            report->n_starts++;
        else
            r->failed = TRUE;
    }
}

static char *
take_state(PupJsonReader *r)
{
    static const char *const states[] = {"booting", "running", "idle",
                                         "failed",  "off",     NULL};
    const char *state = pup_json_string(r, "state", 16);
    if (!g_strv_contains(states, state))
        pup_json_fail(r, "state", "not one of booting, running, idle, failed, off");
    return g_strdup(state);
}

PupSeatReport *
pup_seat_report_parse(const char *text, size_t len, GError **error)
{
    g_autoptr(PupJsonValue) json = pup_json_parse(WHAT, text, len, BODY_MAX_BYTES, error);
    if (!json)
        return NULL;
    PupJsonReader r = PUP_JSON_READER(WHAT, json, error);
    g_autoptr(PupSeatReport) report = g_new0(PupSeatReport, 1);
    report->boot = take_boot(&r);
    report->state = take_state(&r);
    report->version = optional_uint(&r, "version", G_MAXINT, 0);
    report->detail = optional_string(&r, "detail", PUP_SEAT_DETAIL_MAX);
    take_stages(&r, report);
    take_starts(&r, report);
    for (unsigned i = 0; i < report->n_stages; i++)
        report->t_ms = MAX(report->t_ms, report->stages[i].t_ms);
    for (unsigned i = 0; i < report->n_starts; i++)
        report->t_ms = MAX(report->t_ms, report->starts[i].t_ms);
    report->t_ms = optional_uint(&r, "t_ms", T_MS_MAX, report->t_ms);
    return r.failed ? NULL : g_steal_pointer(&report);
}

void
pup_seat_report_free(PupSeatReport *report)
{
    if (!report)
        return;
    g_free(report->boot);
    g_free(report->state);
    g_free(report->detail);
    g_free(report);
}
