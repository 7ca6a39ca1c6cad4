/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a Prometheus server asks for every few seconds. Series are bounded by what the
 * admin made: rooms, versions that are there, seats that poll, our own routes. Numbers
 * of a seat that is off are left out: they would stand still for ever. PCs without a room
 * have no series, as anybody can make up addresses.
 */
#include "config.h"

#include <string.h>
#include "server/http/metrics.h"
#include "server/http/routes.h"

#define MICRO 1e-6
#define STATES_MAX 16u

/* One series a seat. Rows of one name follow each other; the first has type and help. */
typedef struct {
    const char *name;
    PupMetricType type;
    const char *help;
    const char *label, *value; /* beside room, seat and mac; NULL: none */
    size_t offset;             /* of its guint64 in PupSeatStats */
    double unit;
} SeatMetric;

#define AT(field) offsetof(PupSeatStats, field)
#define READ_BYTES "pupitre_seat_read_bytes_total"
#define READ_SECONDS "pupitre_seat_read_latency_seconds"

static const SeatMetric seat_metrics[] = {
    {READ_BYTES, PUP_COUNTER, "Encoded bytes that the guest's reads took, by source.",
     "source", "memory", AT(memory_bytes), 1},
    {READ_BYTES, PUP_COUNTER, NULL, "source", "disk", AT(disk_bytes), 1},
    {READ_BYTES, PUP_COUNTER, NULL, "source", "peer", AT(peer_bytes), 1},
    {READ_BYTES, PUP_COUNTER, NULL, "source", "server", AT(server_bytes), 1},
    {"pupitre_seat_served_bytes_total", PUP_COUNTER, "Encoded bytes sent to other seats.",
     NULL, NULL, AT(served_bytes), 1},
    {"pupitre_seat_reads_total", PUP_COUNTER, "Chunk reads of the guest.", NULL, NULL,
     AT(reads), 1},
    {"pupitre_seat_read_hits_total", PUP_COUNTER,
     "Chunk reads of the guest that were found in memory.", NULL, NULL, AT(hits), 1},
    {READ_SECONDS, PUP_GAUGE, "Quantiles of the time of the guest's latest reads.",
     "quantile", "0.5", AT(read_p50_us), MICRO},
    {READ_SECONDS, PUP_GAUGE, NULL, "quantile", "0.9", AT(read_p90_us), MICRO},
    {READ_SECONDS, PUP_GAUGE, NULL, "quantile", "0.99", AT(read_p99_us), MICRO},
    {"pupitre_seat_profile_chunks", PUP_GAUGE, "Chunks of the boot profile.", NULL, NULL,
     AT(profile_chunks), 1},
    {"pupitre_seat_profile_present_chunks", PUP_GAUGE,
     "Chunks of the boot profile that the seat holds.", NULL, NULL, AT(profile_present),
     1},
    {"pupitre_seat_warm_chunks", PUP_GAUGE, "Chunks of the version being warmed up.",
     NULL, NULL, AT(warm_total), 1},
    {"pupitre_seat_warm_present_chunks", PUP_GAUGE,
     "Chunks of the version being warmed up that the seat holds.", NULL, NULL,
     AT(warm_done), 1},
};

static void
add_seat_metric(GString *text, const SeatMetric *metric, const GPtrArray *seats)
{
    if (metric->help)
        pup_metrics_family(text, metric->name, metric->type, metric->help);
    for (guint i = 0; i < seats->len; i++) {
        const PupSeat *seat = g_ptr_array_index(seats, i);
        if (!seat->streams || !*seat->room)
            continue;
        guint64 value = G_STRUCT_MEMBER(guint64, &seat->stats, metric->offset);
        pup_metrics_sample(text, metric->name, (double) value * metric->unit, "room",
                           seat->room, "seat", seat->seat, "mac", seat->mac,
                           metric->label, metric->value, NULL);
    }
}

/* Seats come sorted by room: each room's counts are done when the next one begins. */
static void
add_states(GString *text, const GPtrArray *seats)
{
    unsigned n_states = g_strv_length((char **) pup_seat_states);
    pup_metrics_family(text, "pupitre_seats", PUP_GAUGE, "Seats by room and state.");
    for (guint begin = 0, end; begin < seats->len; begin = end) {
        const char *room = ((const PupSeat *) g_ptr_array_index(seats, begin))->room;
        unsigned counts[STATES_MAX] = {0};
        for (end = begin; end < seats->len; end++) {
            const PupSeat *seat = g_ptr_array_index(seats, end);
            if (!g_str_equal(seat->room, room))
                break;
            for (unsigned i = 0; i < n_states; i++)
                counts[i] += g_str_equal(seat->state, pup_seat_states[i]);
        }
        for (unsigned i = 0; *room && i < n_states; i++)
            pup_metrics_sample(text, "pupitre_seats", counts[i], "room", room, "state",
                               pup_seat_states[i], NULL);
    }
}

/* Of a boot: the gauges begin anew with the next one. */
static double
starts_of(const PupSeat *seat)
{
    return seat->n_starts;
}

static double
resets_of(const PupSeat *seat)
{
    return seat->n_resets;
}

static double
crashes_of(const PupSeat *seat)
{
    return seat->n_crashes;
}

static double
clock_of(const PupSeat *seat)
{
    return seat->knows_clock ? (double) seat->clock_off_ms / 1000 : 0;
}

static const struct {
    const char *name, *help;
    double (*value)(const PupSeat *seat);
} boot_metrics[] = {
    {"pupitre_seat_guest_starts", "Starts of guests in the PC's boot.", starts_of},
    {"pupitre_seat_guest_resets", "Resets of guests in the PC's boot.", resets_of},
    {"pupitre_seat_guest_crashes", "Crashes of guests in the PC's boot.", crashes_of},
    {"pupitre_seat_clock_offset_seconds",
     "What the PC's clock was ahead of the server's when it booted.", clock_of},
};

static void
add_boots(GString *text, const GPtrArray *seats)
{
    for (unsigned m = 0; m < G_N_ELEMENTS(boot_metrics); m++) {
        pup_metrics_family(text, boot_metrics[m].name, PUP_GAUGE, boot_metrics[m].help);
        for (guint i = 0; i < seats->len; i++) {
            const PupSeat *seat = g_ptr_array_index(seats, i);
            if (!pup_seat_state_is_on(seat->state) || !*seat->room)
                continue;
            pup_metrics_sample(text, boot_metrics[m].name, boot_metrics[m].value(seat),
                               "room", seat->room, "seat", seat->seat, "mac", seat->mac,
                               NULL);
        }
    }
}

static void
add_sent(GString *text, const GArray *all)
{
    static const char *const names[] = {"pupitre_sent_bytes_total",
                                        "pupitre_sent_chunks_total"};
    static const char *const helps[] = {
        "Bytes of chunks that the server sent, by version.",
        "Chunks that the server sent, by version."};
    for (unsigned n = 0; n < G_N_ELEMENTS(names); n++) {
        pup_metrics_family(text, names[n], PUP_COUNTER, helps[n]);
        for (guint i = 0; i < all->len; i++) {
            const PupSent *sent = &g_array_index(all, PupSent, i);
            char version[16];
            g_snprintf(version, sizeof version, "%u", sent->version);
            pup_metrics_sample(text, names[n],
                               (double) (n == 0 ? sent->bytes : sent->chunks), "room",
                               sent->room, "version", version, NULL);
        }
    }
}

/* Of each route only the classes of status that it has answered with. */
static void
add_route(GString *text, PupTraffic *traffic, unsigned route, const char *pattern)
{
    static const char *const classes[] = {"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"};
    for (unsigned hundreds = 0; hundreds < G_N_ELEMENTS(classes); hundreds++) {
        guint64 n = pup_traffic_answers(traffic, route, hundreds);
        if (n)
            pup_metrics_sample(text, "pupitre_http_responses_total", (double) n, "route",
                               pattern, "code", classes[hundreds], NULL);
    }
}

static void
add_routes(GString *text, PupTraffic *traffic)
{
    unsigned route = 0;
    pup_metrics_family(text, "pupitre_http_responses_total", PUP_COUNTER,
                       "HTTP answers by route and class of status.");
    for (; pup_routes[route].pattern; route++)
        add_route(text, traffic, route, pup_routes[route].pattern);
    add_route(text, traffic, route, "none");
}

gboolean
pup_get_metrics(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    PupService *service = data;
    g_autoptr(GPtrArray) seats = pup_service_seats(service, error);
    g_autoptr(GArray) sent = seats ? pup_service_sent(service, error) : NULL;
    if (!sent)
        return FALSE;
    GString *text = g_string_new(NULL);
    pup_metrics_family(text, "pupitre_build_info", PUP_GAUGE, "Always 1.");
    pup_metrics_sample(text, "pupitre_build_info", 1, "version", PACKAGE_VERSION, NULL);
    add_states(text, seats);
    add_boots(text, seats);
    add_sent(text, sent);
    for (unsigned i = 0; i < G_N_ELEMENTS(seat_metrics); i++)
        add_seat_metric(text, &seat_metrics[i], seats);
    add_routes(text, service->traffic);
    pup_response_text(res, PUP_METRICS_TYPE, g_string_free(text, FALSE));
    return TRUE;
}
