/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The service's numbers on their way out of memory: into the catalog, where commands find
 * them while the daemon runs or not, and into the log.
 */
#include "config.h"

#include <string.h>
#include <time.h>

#include "lib/error.h"
#include "lib/ident.h"
#include "server/http/service.h"
#include "server/log.h"

/* Slower than that a clock is led, not set. */
#define CLOCK_STEP_MS 2000

void
pup_service_log_stats(const char *event, const char *mac, const char *room,
                      unsigned version, const PupSeatStats *stats)
{
    if (!stats) {
        pup_log(LOG_INFO, event, "mac", mac, "room", room, "version",
                PUP_LOG_NUM(version), NULL);
        return;
    }
    pup_log(LOG_INFO, event, "mac", mac, "room", room, "version", PUP_LOG_NUM(version),
            "memory_bytes", PUP_LOG_NUM((gint64) stats->memory_bytes), "disk_bytes",
            PUP_LOG_NUM((gint64) stats->disk_bytes), "peer_bytes",
            PUP_LOG_NUM((gint64) stats->peer_bytes), "server_bytes",
            PUP_LOG_NUM((gint64) stats->server_bytes), "served_bytes",
            PUP_LOG_NUM((gint64) stats->served_bytes), "reads",
            PUP_LOG_NUM((gint64) stats->reads), "hits", PUP_LOG_NUM((gint64) stats->hits),
            "read_p50_us", PUP_LOG_NUM((gint64) stats->read_p50_us), "read_p90_us",
            PUP_LOG_NUM((gint64) stats->read_p90_us), "read_p99_us",
            PUP_LOG_NUM((gint64) stats->read_p99_us), "profile_chunks",
            PUP_LOG_NUM((gint64) stats->profile_chunks), "profile_present",
            PUP_LOG_NUM((gint64) stats->profile_present), NULL);
}

void
pup_service_save_stats(PupService *service, const char *mac, const PupSeatStats *stats)
{
    g_autoptr(GError) error = NULL;
    if (!pup_catalog_set_stats(service->catalog, mac, stats, &error))
        pup_log(LOG_ERR, "catalog-failed", "mac", mac, "message", error->message, NULL);
}

static void
tell(PupService *service, const PupPeerEvent *event)
{
    switch (event->kind) {
    case PUP_PEER_LEFT:
        pup_service_log_stats("seat-left", event->mac, event->room, event->version,
                              event->has_stats ? &event->stats : NULL);
        break;
    case PUP_PEER_BAD:
        pup_log(LOG_WARNING, "peer-bad", "mac", event->mac, "room", event->room,
                "address", event->address, "reason", pup_bad_reason_name(event->reason),
                "by", event->by, NULL);
        break;
    case PUP_PEER_TAKEN_OUT:
        pup_log(LOG_WARNING, "peer-out", "mac", event->mac, "room", event->room,
                "address", event->address, "by", event->by, NULL);
        break;
    }
}

static gboolean
version_exists(PupService *service, const char *room, unsigned version)
{
    g_autoptr(GArray) versions =
        pup_store_versions(service->store, PUP_KIND_ROOM, room, NULL);
    for (guint i = 0; versions && i < versions->len; i++)
        if (g_array_index(versions, unsigned, i) == version)
            return TRUE;
    return FALSE;
}

/* A label that names no version that is there is a client's invention, or late. */
static gboolean
read_label(PupService *service, const PupTrafficSent *counted, PupSent *sent)
{
    g_autofree char *room = NULL;
    *sent = (PupSent){.chunks = counted->chunks, .bytes = counted->bytes};
    if (!pup_ident_split("room", counted->label, &room, &sent->version, NULL) ||
        !version_exists(service, room, sent->version))
        return FALSE;
    g_strlcpy(sent->room, room, sizeof sent->room);
    return TRUE;
}

/* One entry a version, however long they wait. */
static void
add_unsaved(GArray *unsaved, const PupSent *sent)
{
    for (guint i = 0; i < unsaved->len; i++) {
        PupSent *known = &g_array_index(unsaved, PupSent, i);
        if (known->version == sent->version && strcmp(known->room, sent->room) == 0) {
            known->chunks += sent->chunks;
            known->bytes += sent->bytes;
            return;
        }
    }
    g_array_append_vals(unsaved, sent, 1);
}

static void
take_traffic(PupService *service)
{
    g_autoptr(GArray) counted = pup_traffic_take_sent(service->traffic);
    for (guint i = 0; i < counted->len; i++) {
        PupSent sent;
        if (read_label(service, &g_array_index(counted, PupTrafficSent, i), &sent))
            add_unsaved(service->unsaved, &sent);
    }
}

/* Under the lock, or who asks meanwhile would miss what is on its way. What cannot be
 * written now waits for the next time. */
static gboolean
save_traffic(PupService *service, GError **error)
{
    gboolean ok = TRUE;
    g_mutex_lock(&service->unsaved_lock);
    take_traffic(service);
    for (guint n; ok && (n = service->unsaved->len) > 0;) {
        ok = pup_catalog_add_sent(
            service->catalog, &g_array_index(service->unsaved, PupSent, n - 1), error);
        if (ok)
            g_array_set_size(service->unsaved, n - 1);
    }
    g_mutex_unlock(&service->unsaved_lock);
    return ok;
}

/* Milliseconds of a clock that nobody sets and that goes on while the machine sleeps. */
static gint64
boottime_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (gint64) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What was written by a clock that was set meanwhile goes along with it. */
static gboolean
follow_clock(PupService *service, gint64 now_ms, GError **error)
{
    gint64 base_ms = now_ms - boottime_ms(), by_ms = base_ms - service->clock_boottime_ms;
    gint64 since_ms = service->clock_since_ms;
    gboolean first = since_ms == 0;
    if (!first && ABS(by_ms) < CLOCK_STEP_MS)
        return TRUE;
    service->clock_boottime_ms = base_ms;
    service->clock_since_ms = first ? now_ms : since_ms + by_ms;
    if (first)
        return TRUE;
    pup_log(LOG_WARNING, "clock-set", "by_s", PUP_LOG_NUM(by_ms / 1000), NULL);
    return pup_catalog_clock_stepped(service->catalog, since_ms, by_ms, error);
}

static void
note_alive(PupService *service)
{
    gint64 now_ms = pup_service_now_ms();
    g_autoptr(GError) error = NULL;
    if (!follow_clock(service, now_ms, &error) ||
        !pup_catalog_alive(service->catalog, now_ms, &error))
        pup_log(LOG_ERR, "catalog-failed", "message", error->message, NULL);
}

void
pup_service_tick(PupService *service)
{
    g_autoptr(GError) error = NULL;
    note_alive(service);
    g_autoptr(GArray) events =
        pup_neighbourhoods_take_events(service->neighbourhoods, pup_service_clock_ms());
    for (guint i = 0; i < events->len; i++)
        tell(service, &g_array_index(events, PupPeerEvent, i));
    if (!save_traffic(service, &error))
        pup_log(LOG_ERR, "catalog-failed", "message", error->message, NULL);
}

GArray *
pup_service_sent(PupService *service, GError **error)
{
    if (!save_traffic(service, error))
        return NULL;
    g_autoptr(GArray) all = pup_catalog_sent(service->catalog, error);
    for (guint i = all ? all->len : 0; i-- > 0;) {
        const PupSent *sent = &g_array_index(all, PupSent, i);
        if (version_exists(service, sent->room, sent->version))
            continue;
        if (!pup_catalog_forget_sent(service->catalog, sent->room, sent->version, error))
            return NULL;
        g_array_remove_index(all, i);
    }
    return g_steal_pointer(&all);
}

GPtrArray *
pup_service_seats(PupService *service, GError **error)
{
    unsigned poll_s = pup_service_settings(service)->poll_s;
    pup_service_done(service);
    GPtrArray *seats =
        pup_catalog_seats(service->catalog, pup_service_now_ms(), poll_s, error);
    for (guint i = 0; seats && i < seats->len; i++) {
        PupSeat *seat = g_ptr_array_index(seats, i);
        if (pup_neighbourhoods_stats(service->neighbourhoods, seat->mac, &seat->stats))
            seat->has_stats = seat->streams = TRUE;
    }
    return seats;
}
