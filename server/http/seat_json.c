/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/http/seat_json.h"

#include <jansson.h>
#include <string.h>
#include "lib/error.h"

#define BOOT_MAX 64u
/* A PC that has been on for a year. */
#define T_MS_MAX (G_GINT64_CONSTANT(366) * 24 * 3600 * 1000)

static void
json_cleanup(json_t *json)
{
    json_decref(json);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_cleanup)

static json_t *
parse_object(const char *text, size_t len, GError **error)
{
    json_error_t problem;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);
    if (json_is_object(json))
        return json;
    pup_error_set(error, PUP_ERROR_INVALID, "body: %s",
                  json ? "not a JSON object" : problem.text);
    json_decref(json);
    return NULL;
}

static gboolean
bad_key(const char *key, const char *want, GError **error)
{
    pup_error_set(error, PUP_ERROR_INVALID, "'%s': %s", key, want);
    return FALSE;
}

/* *@value stays what it is where @key is missing. */
static gboolean
take_number(const json_t *json, const char *key, gint64 max, gint64 *value,
            GError **error)
{
    const json_t *member = json_object_get(json, key);
    if (!member)
        return TRUE;
    gint64 number = json_integer_value(member);
    if (!json_is_integer(member) || number < 0 || number > max)
        return bad_key(key, "not a number in range", error);
    *value = number;
    return TRUE;
}

/* A new string, "" where @key is missing. */
static gboolean
take_text(const json_t *json, const char *key, size_t max, char **value, GError **error)
{
    const json_t *member = json_object_get(json, key);
    if (member && (!json_is_string(member) || json_string_length(member) > max))
        return bad_key(key, "not a text, or too long", error);
    *value = g_strdup(member ? json_string_value(member) : "");
    return TRUE;
}

static gboolean
take_boot(const json_t *json, char **boot, GError **error)
{
    if (!take_text(json, "boot", BOOT_MAX, boot, error))
        return FALSE;
    if (**boot && strspn(*boot, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(*boot))
        return TRUE;
    return bad_key("boot", "not an id", error);
}

PupSeatHello *
pup_seat_hello_parse(const char *text, size_t len, GError **error)
{
    g_autoptr(json_t) json = parse_object(text, len, error);
    if (!json)
        return NULL;
    g_autoptr(PupSeatHello) hello = g_new0(PupSeatHello, 1);
    gint64 cpus = 0, memory_mib = 0;
    if (!take_boot(json, &hello->boot, error) ||
        !take_number(json, "cpus", 65536, &cpus, error) ||
        !take_number(json, "memory_mib", 1 << 30, &memory_mib, error) ||
        !take_text(json, "firmware", 16, &hello->firmware, error))
        return NULL;
    const json_t *kvm = json_object_get(json, "kvm");
    if (kvm && !json_is_boolean(kvm)) {
        bad_key("kvm", "not true or false", error);
        return NULL;
    }
    hello->kvm = json_is_true(kvm);
    hello->cpus = cpus;
    hello->memory_mib = memory_mib;
    return g_steal_pointer(&hello);
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
take_stage(const json_t *json, PupSeatReport *report, GError **error)
{
    PupSeatStage *stage = &report->stages[report->n_stages];
    const char *name = json_string_value(json_object_get(json, "stage"));
    stage->t_ms = -1;
    if (!name || !pup_stage_parse(name, &stage->stage))
        return bad_key("stages", "an unknown stage", error);
    if (!take_number(json, "t_ms", T_MS_MAX, &stage->t_ms, error))
        return FALSE;
    if (stage->t_ms < 0)
        return bad_key("stages", "a stage without t_ms", error);
    report->n_stages++;
    return TRUE;
}

static gboolean
take_stages(const json_t *json, PupSeatReport *report, GError **error)
{
    const json_t *stages = json_object_get(json, "stages");
    if (!stages)
        return TRUE;
    if (!json_is_array(stages) || json_array_size(stages) > PUP_SEAT_STAGES_MAX)
        return bad_key("stages", "not an array, or too long", error);
    for (size_t i = 0; i < json_array_size(stages); i++)
        if (!take_stage(json_array_get(stages, i), report, error))
            return FALSE;
    return TRUE;
}

static gboolean
take_state(const json_t *json, char **state, GError **error)
{
    static const char *const states[] = {"booting", "running", "idle", "failed", NULL};
    if (!take_text(json, "state", 16, state, error))
        return FALSE;
    return g_strv_contains(states, *state) ||
           bad_key("state", "not one of booting, running, idle, failed", error);
}

PupSeatReport *
pup_seat_report_parse(const char *text, size_t len, GError **error)
{
    g_autoptr(json_t) json = parse_object(text, len, error);
    if (!json)
        return NULL;
    g_autoptr(PupSeatReport) report = g_new0(PupSeatReport, 1);
    gint64 version = 0;
    if (!take_boot(json, &report->boot, error) ||
        !take_state(json, &report->state, error) ||
        !take_number(json, "version", G_MAXINT, &version, error) ||
        !take_text(json, "detail", PUP_SEAT_DETAIL_MAX, &report->detail, error) ||
        !take_stages(json, report, error))
        return NULL;
    report->version = version;
    for (unsigned i = 0; i < report->n_stages; i++)
        report->t_ms = MAX(report->t_ms, report->stages[i].t_ms);
    if (!take_number(json, "t_ms", T_MS_MAX, &report->t_ms, error))
        return NULL;
    return g_steal_pointer(&report);
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
