/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/server_api.h"

#include <jansson.h>
#include <string.h>

#include "lib/error.h"
#include "lib/ident.h"
#include "lib/json.h"

/* The server's own bound of "detail". */
#define DETAIL_MAX_BYTES 1000u
#define POLL_S_MAX 3600
/* The last day of the year 9999. */
#define CLOCK_MS_MAX G_GINT64_CONSTANT(253402300799000)

/* Takes @json over. */
static char *
dump(json_t *json)
{
    g_autofree char *line = NULL;
    char *text = json_dumps(json, JSON_COMPACT);

    json_decref(json);
    line = g_strdup(text);
    free(text);
    return g_steal_pointer(&line);
}

char *
pup_hello_format(const PupHello *hello)
{
    json_t *json =
        json_pack("{s:s,s:i,s:I,s:b,s:s}", "boot", hello->boot, "cpus", (int) hello->cpus,
                  "memory_mib", (json_int_t) hello->memory_mib, "kvm", hello->kvm,
                  "firmware", hello->uefi ? "uefi" : "bios");

    /* The server would refuse what no calendar has, and the PC with it. */
    if (hello->clock_ms >= 0 && hello->clock_ms <= CLOCK_MS_MAX)
        json_object_set_new(json, "clock_ms", json_integer(hello->clock_ms));
    return dump(json);
}

/* jansson refuses what is not UTF-8, the server what is too long. */
static char *
tidy_detail(const char *detail)
{
    g_autofree char *valid = g_utf8_make_valid(detail ? detail : "", -1);
    const char *end;

    if (strlen(valid) <= DETAIL_MAX_BYTES)
        return g_steal_pointer(&valid);
    end = g_utf8_find_prev_char(valid, valid + DETAIL_MAX_BYTES + 1);
    return g_strndup(valid, (gsize) (end - valid));
}

char *
pup_report_format(const PupReportText *report)
{
    g_autofree char *detail = tidy_detail(report->detail);
    json_t *stages = json_array();

    for (unsigned i = 0; i < PUP_N_STAGES; i++) {
        if (report->stage_ms[i] >= 0)
            json_array_append_new(stages,
                                  json_pack("{s:s,s:I}", "stage", pup_stage_name(i),
                                            "t_ms", (json_int_t) report->stage_ms[i]));
    }
    json_t *json = json_pack("{s:s,s:s,s:i,s:s,s:I,s:o}", "boot", report->boot, "state",
                             report->state, "version", (int) report->version, "detail",
                             detail, "t_ms", (json_int_t) report->t_ms, "stages", stages);
    if (report->starts)
        json_object_set_new(json, "starts", pup_starts_json(report->starts));
    return dump(json);
}

/* Room and version out of @json. */
static gboolean
take_target(const json_t *json, PupTarget *target, GError **error)
{
    const char *room = json_string_value(json_object_get(json, "room"));
    json_int_t version = json_integer_value(json_object_get(json, "version"));

    if (!room || version < 1 || version > G_MAXINT) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "the server's answer names no room and version");
        return FALSE;
    }
    if (!pup_ident_check("room", room, error))
        return FALSE;
    pup_target_set(target, room, (unsigned) version);
    return TRUE;
}

void
pup_welcome_free(PupWelcome *welcome)
{
    if (!welcome)
        return;
    pup_target_clear(&welcome->target);
    g_free(welcome->seat);
    g_free(welcome);
}

PupWelcome *
pup_welcome_parse(const char *text, gsize len, GError **error)
{
    g_autoptr(PupJsonValue) json =
        pup_json_parse("the server's answer", text, len, PUP_ANSWER_MAX_BYTES, error);
    g_autoptr(PupWelcome) welcome = g_new0(PupWelcome, 1);
    json_int_t poll_s;

    if (!json || !take_target(json, &welcome->target, error))
        return NULL;
    poll_s = json_integer_value(json_object_get(json, "poll_s"));
    if (poll_s < 1 || poll_s > POLL_S_MAX) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "the server's answer: 'poll_s' is not 1 to %d", POLL_S_MAX);
        return NULL;
    }
    welcome->poll_s = (unsigned) poll_s;
    welcome->now_ms = -1;
    if (json_is_integer(json_object_get(json, "now_ms")))
        welcome->now_ms =
            CLAMP(json_integer_value(json_object_get(json, "now_ms")), -1, CLOCK_MS_MAX);
    welcome->seat = g_strdup(json_string_value(json_object_get(json, "seat")));
    if (!welcome->seat)
        welcome->seat = g_strdup("");
    return g_steal_pointer(&welcome);
}

void
pup_told_clear(PupTold *told)
{
    pup_target_clear(&told->target);
}

gboolean
pup_told_parse(const char *text, gsize len, PupTold *told, GError **error)
{
    g_autoptr(PupJsonValue) json =
        pup_json_parse("the server's answer", text, len, PUP_ANSWER_MAX_BYTES, error);
    const char *word;
    json_int_t idle_s;

    if (!json || !take_target(json, &told->target, error))
        return FALSE;
    word = json_string_value(json_object_get(json, "take"));
    idle_s = json_integer_value(json_object_get(json, "idle_s"));
    if (!word || !pup_take_parse(word, &told->take) ||
        (told->take == PUP_TAKE_IDLE &&
         (idle_s < PUP_TAKE_IDLE_MIN * 60 || idle_s > PUP_TAKE_IDLE_MAX * 60)))
        told->take = PUP_TAKE_NEXT_BOOT;
    told->idle_s = told->take == PUP_TAKE_IDLE ? (unsigned) idle_s : 0;
    return TRUE;
}

static GBytes *
post(PupHttp *http, const char *server, const char *mac, const char *what,
     const char *text, GError **error)
{
    g_autofree char *url = g_strdup_printf("%s/v1/seats/%s/%s", server, mac, what);

    return pup_http_post_json(http, url, text, PUP_ANSWER_MAX_BYTES, error);
}

PupWelcome *
pup_server_register(PupHttp *http, const char *server, const char *mac,
                    const PupHello *hello, GError **error)
{
    g_autofree char *text = pup_hello_format(hello);
    g_autoptr(GBytes) answer = post(http, server, mac, "register", text, error);

    if (!answer)
        return NULL;
    return pup_welcome_parse(g_bytes_get_data(answer, NULL), g_bytes_get_size(answer),
                             error);
}

gboolean
pup_server_report(PupHttp *http, const char *server, const char *mac, const char *text,
                  PupTold *told, GError **error)
{
    g_autoptr(GBytes) answer = post(http, server, mac, "report", text, error);

    return answer && pup_told_parse(g_bytes_get_data(answer, NULL),
                                    g_bytes_get_size(answer), told, error);
}
