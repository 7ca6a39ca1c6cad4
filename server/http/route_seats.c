/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lib/error.h"
#include "lib/ident.h"
#include "server/http/routes.h"
#include "server/http/seat_json.h"
#include "server/log.h"

/* What @mac should run: its room, and the version that the room's name stands at, or
 * that the seat tries out. */
static gboolean
find_target(PupService *service, const char *mac, char **room, char **seat,
            unsigned *version, GError **error)
{
    if (!pup_service_find_seat(service, mac, room, seat, error))
        return FALSE;
    *version = pup_store_version_for(service->store, *room, mac, error);
    if (*version)
        return TRUE;
    g_prefix_error(error, "room '%s' has not been published: ", *room);
    return FALSE;
}

static unsigned
poll_s(PupService *service)
{
    unsigned seconds = pup_service_settings(service)->poll_s;
    pup_service_done(service);
    return seconds;
}

/* A PC that has no target: it goes on asking, so it waits for what @why says. */
static void
note_waiting(PupService *service, const PupRequest *req, const char *mac,
             const char *room, const GError *why)
{
    if (g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        pup_service_waits(service, req, mac, room, why->message);
}

/* History, which no PC waits for: it fails alone. */
static void
arrive(PupService *service, const PupRequest *req, const PupSeatHello *hello,
       PupArrival *arrival)
{
    char client[46];
    g_autoptr(GError) error = NULL;
    gint64 now_ms = pup_service_now_ms();
    arrival->boot = hello->boot;
    arrival->address = pup_request_client(req, client);
    arrival->has_clock = hello->clock_ms >= 0;
    arrival->clock_off_ms = hello->clock_ms - now_ms;
    pup_log(LOG_INFO, "stage", "mac", arrival->mac, "stage",
            pup_stage_name(PUP_STAGE_REGISTERED), NULL);
    if (!pup_catalog_arrive(service->catalog, arrival, now_ms, &error))
        pup_log(LOG_ERR, "catalog-failed", "mac", arrival->mac, "message", error->message,
                NULL);
    g_autofree char *clock = arrival->has_clock ? pup_clock_words(arrival->clock_off_ms)
                                                : g_strdup("not told");
    pup_log(LOG_INFO, "seat-registered", "mac", arrival->mac, "room", arrival->room,
            "version", PUP_LOG_NUM(arrival->version), "address", client, "boot",
            hello->boot, "cpus", PUP_LOG_NUM(hello->cpus), "memory_mib",
            PUP_LOG_NUM(hello->memory_mib), "kvm", hello->kvm ? "yes" : "no", "firmware",
            hello->firmware, "clock", clock, NULL);
}

gboolean
pup_register_seat(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    PupService *service = data;
    g_autofree char *mac = pup_mac_parse(req->args[0], error);
    if (!mac)
        return FALSE;
    g_autoptr(PupSeatHello) hello = pup_seat_hello_parse(req->body, req->body_len, error);
    if (!hello)
        return FALSE;
    g_autofree char *room = NULL;
    g_autofree char *seat = NULL;
    g_autoptr(GError) why = NULL;
    PupArrival arrival = {.mac = mac};
    if (!find_target(service, mac, &room, &seat, &arrival.version, &why)) {
        note_waiting(service, req, mac, room, why);
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    arrival.room = room;
    arrive(service, req, hello, &arrival);
    pup_response_json(res, json_pack("{s:s,s:s,s:i,s:i,s:I}", "room", room, "seat",
                                     seat ? seat : "", "version", (int) arrival.version,
                                     "poll_s", (int) poll_s(service), "now_ms",
                                     (json_int_t) pup_service_now_ms()));
    return TRUE;
}

/* The seat's clock counts from its kernel's start; ours says when the report came. */
static gboolean
record_stages(PupService *service, const char *mac, const PupSeatReport *report,
              gint64 now_ms, GError **error)
{
    for (unsigned i = 0; i < report->n_stages; i++) {
        const PupSeatStage *stage = &report->stages[i];
        gint64 at_ms = now_ms - MAX(0, report->t_ms - stage->t_ms);
        pup_log(LOG_INFO, "stage", "mac", mac, "stage", pup_stage_name(stage->stage),
                NULL);
        if (!pup_catalog_stage(service->catalog, mac, stage->stage, at_ms, NULL, error))
            return FALSE;
    }
    return TRUE;
}

/* What nothing waits for fails alone, so that the seat hears its room's version. */
static void
record_state(PupService *service, const PupRequest *req, const char *mac,
             const char *room, const PupSeatReport *report, gint64 now_ms)
{
    char client[46];
    g_autoptr(GError) error = NULL;
    if (!record_stages(service, mac, report, now_ms, &error) ||
        !pup_catalog_report(service->catalog, mac, pup_request_client(req, client), room,
                            report->version, report->state, report->detail, now_ms,
                            &error))
        pup_log(LOG_ERR, "catalog-failed", "mac", mac, "message", error->message, NULL);
}

static void
record_starts(PupService *service, const char *mac, const PupSeatReport *report,
              gint64 now_ms)
{
    const PupStartsTold told = {mac, report->boot, report->t_ms, report->starts,
                                report->n_starts};
    g_autoptr(GError) error = NULL;
    if (!pup_catalog_starts(service->catalog, &told, now_ms, &error))
        pup_log(LOG_ERR, "catalog-failed", "mac", mac, "message", error->message, NULL);
}

/* A PC whose room is gone, or whose profile broke, goes on with the guest that it has:
 * it is none that is silent. */
static void
record_stranger(PupService *service, const PupRequest *req, const char *mac,
                const PupSeatReport *report)
{
    char client[46];
    g_autoptr(GError) error = NULL;
    if (!pup_catalog_report(service->catalog, mac, pup_request_client(req, client), NULL,
                            report->version, report->state, report->detail,
                            pup_service_now_ms(), &error))
        pup_log(LOG_ERR, "catalog-failed", "mac", mac, "message", error->message, NULL);
}

/* What its stream has counted by now; the agent's report, every few seconds, is when it
 * goes into the catalog, as its polls, each second, would be too many writes. */
static void
record_stats(PupService *service, const char *mac, const char *room,
             const PupSeatReport *report)
{
    PupSeatStats stats;
    gboolean known = pup_neighbourhoods_stats(service->neighbourhoods, mac, &stats);
    for (unsigned i = 0; i < report->n_stages; i++)
        if (report->stages[i].stage == PUP_STAGE_GUEST_ALIVE)
            pup_service_log_stats("seat-alive", mac, room, report->version,
                                  known ? &stats : NULL);
    if (known)
        pup_service_save_stats(service, mac, &stats);
}

/* What the seat should run, and how a guest that runs gives way to it: as it was said
 * for that version, else as the room's profile says. */
static json_t *
target_json(PupService *service, const char *room, unsigned version)
{
    g_autoptr(PupRoomProfile) profile =
        pup_catalog_room_in_force(service->catalog, room, NULL);
    PupTake take = profile ? profile->take : PUP_TAKE_NEXT_BOOT;
    unsigned idle_min = profile ? profile->idle_min : PUP_TAKE_IDLE_MAX;
    gboolean said;
    g_autoptr(GError) error = NULL;
    if (!pup_catalog_take(service->catalog, room, version, &said, &take, &error))
        pup_log(LOG_ERR, "catalog-failed", "room", room, "message", error->message, NULL);
    return json_pack("{s:s,s:i,s:s,s:i}", "room", room, "version", (int) version, "take",
                     pup_take_name(take), "idle_s", (int) idle_min * 60);
}

gboolean
pup_report_seat(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    PupService *service = data;
    gint64 now_ms = pup_service_now_ms();
    g_autofree char *mac = pup_mac_parse(req->args[0], error);
    if (!mac)
        return FALSE;
    g_autoptr(PupSeatReport) report =
        pup_seat_report_parse(req->body, req->body_len, error);
    if (!report)
        return FALSE;
    g_autofree char *room = NULL;
    g_autofree char *seat = NULL;
    unsigned version;
    if (!find_target(service, mac, &room, &seat, &version, error)) {
        record_stranger(service, req, mac, report);
        return FALSE;
    }
    record_state(service, req, mac, room, report, now_ms);
    record_starts(service, mac, report, now_ms);
    record_stats(service, mac, room, report);
    if (g_str_equal(report->state, "failed"))
        pup_log(LOG_WARNING, "seat-failed", "mac", mac, "room", room, "seat", seat,
                "detail", report->detail, NULL);
    pup_response_json(res, target_json(service, room, version));
    return TRUE;
}

static json_t *
stages_json(const PupSeat *seat)
{
    json_t *stages = json_array();
    for (unsigned i = 0; i < PUP_N_STAGES; i++)
        if (seat->stage_ms[i] >= 0)
            json_array_append_new(stages,
                                  json_pack("{s:s,s:s,s:I}", "stage", pup_stage_name(i),
                                            "title", pup_stage_title(i), "t_ms",
                                            (json_int_t) seat->stage_ms[i]));
    return stages;
}

static void
add_facts(json_t *json, const PupSeat *seat)
{
    g_autofree char *words =
        pup_seat_state_words(seat->state, seat->silent_ms, *seat->room != '\0');
    json_object_set_new(json, "state_words", json_string(words));
    json_object_set_new(json, "said", json_string(seat->said));
    json_object_set_new(json, "silent_ms", json_integer(seat->silent_ms));
    json_object_set_new(json, "clock_off_ms",
                        seat->knows_clock ? json_integer(seat->clock_off_ms)
                                          : json_null());
    json_object_set_new(json, "boot", json_string(seat->boot));
    pup_boots_json(json, seat);
}

static json_t *
seat_json(const PupService *service, const PupSeat *seat)
{
    json_t *json = json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:b,s:I,s:I,s:o,s:o}", "mac", seat->mac, "room",
        seat->room, "seat", seat->seat, "state", seat->state, "detail", seat->detail,
        "address", seat->address, "version", pup_version_json(seat->version), "canary",
        pup_store_is_canary(service->store, seat->room, seat->mac), "boot_started_ms",
        (json_int_t) seat->boot_started_ms, "last_seen_ms",
        (json_int_t) seat->last_seen_ms, "stages", stages_json(seat), "stats",
        seat->has_stats ? pup_seat_stats_json(&seat->stats) : json_null());
    add_facts(json, seat);
    return json;
}

gboolean
pup_get_seats(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    PupService *service = data;
    g_autoptr(GPtrArray) seats = pup_service_seats(service, error);
    if (!seats)
        return FALSE;
    json_t *list = json_array();
    for (guint i = 0; i < seats->len; i++)
        json_array_append_new(list, seat_json(service, g_ptr_array_index(seats, i)));
    pup_response_json(res, json_pack("{s:o}", "seats", list));
    return TRUE;
}
