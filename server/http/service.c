/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/http/service.h"

#include "lib/error.h"
#include "server/boot/netif.h"
#include "server/log.h"

/* How often a seat asks for the list of its neighbourhood. */
#define PEERS_POLL_MS 1000
/* That a PC waits is written down so often; and of so many at a time. */
#define WAITING_MS 30000
#define WAITING_MAX 4096
/* So many lines a second of PCs that no room's profile has: anybody can make up
 * addresses. */
#define STRANGER_LINES 10

gint64
pup_service_now_ms(void)
{
    return g_get_real_time() / 1000;
}

gint64
pup_service_clock_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

static char *
make_url(const PupSettings *settings, GError **error)
{
    PupNetif netif;
    const char *address = settings->address;
    if (!address && settings->interface) {
        if (!pup_netif_find(settings->interface, &netif, error))
            return NULL;
        address = netif.address;
    }
    if (!address) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "%s: [server] address is needed where [dhcp] names no interface",
                      settings->path);
        return NULL;
    }
    return g_strdup_printf("http://%s:%u", address, settings->port);
}

static gboolean
open_parts(PupService *service, GError **error)
{
    const PupSettings *settings = service->settings;
    g_autofree char *store_dir = pup_settings_path(settings, "store");
    g_autofree char *uri = g_strconcat("dir:", store_dir, NULL);
    g_autofree char *db = pup_settings_path(settings, "catalog.db");
    service->store = pup_store_open(uri, error);
    if (!service->store)
        return FALSE;
    service->catalog = pup_catalog_open_anyhow(db, settings->rooms_dir, FALSE);
    g_autoptr(GError) trouble = pup_catalog_trouble(service->catalog);
    if (trouble) /* no PC waits for history: it is tried again */
        pup_log(LOG_ERR, "catalog-failed", "message", trouble->message, NULL);
    return TRUE;
}

PupService *
pup_service_new(PupSettings *settings, const char *data_dir, GError **error)
{
    g_autoptr(PupService) service = g_new0(PupService, 1);
    g_rw_lock_init(&service->lock);
    service->settings = settings;
    g_mutex_init(&service->waiting_lock);
    service->waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    service->data_dir = g_strdup(data_dir);
    service->dhcp_log = pup_dhcp_log_new();
    service->traffic = pup_traffic_new();
    g_mutex_init(&service->unsaved_lock);
    service->unsaved = g_array_new(FALSE, FALSE, sizeof(PupSent));
    service->neighbourhoods = pup_neighbourhoods_new(PEERS_POLL_MS);
    service->profile_problems =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    service->url = make_url(settings, error);
    if (service->url && open_parts(service, error))
        return g_steal_pointer(&service);
    service->settings = NULL;
    return NULL;
}

gboolean
pup_service_reload(PupService *service, PupSettings *settings, GError **error)
{
    settings->port = service->settings->port;
    g_autofree char *url = make_url(settings, error);
    if (!url)
        return FALSE;
    g_rw_lock_writer_lock(&service->lock);
    PupSettings *old = service->settings;
    service->settings = settings;
    g_free(service->url);
    service->url = g_steal_pointer(&url);
    g_rw_lock_writer_unlock(&service->lock);
    pup_settings_free(old);
    return TRUE;
}

void
pup_service_free(PupService *service)
{
    if (!service)
        return;
    pup_catalog_free(service->catalog);
    pup_store_free(service->store);
    pup_dhcp_log_free(service->dhcp_log);
    pup_neighbourhoods_free(service->neighbourhoods);
    pup_traffic_free(service->traffic);
    g_array_unref(service->unsaved);
    g_mutex_clear(&service->unsaved_lock);
    pup_settings_free(service->settings);
    g_hash_table_unref(service->profile_problems);
    g_rw_lock_clear(&service->lock);
    g_hash_table_unref(service->waiting);
    g_mutex_clear(&service->waiting_lock);
    g_free(service->data_dir);
    g_free(service->url);
    g_free(service);
}

const PupSettings *
pup_service_settings(PupService *service)
{
    g_rw_lock_reader_lock(&service->lock);
    return service->settings;
}

void
pup_service_done(PupService *service)
{
    g_rw_lock_reader_unlock(&service->lock);
}

/* TRUE when the log may have another line of a PC that no profile has. */
static gboolean
may_tell_stranger(PupService *service)
{
    gint64 now_us = g_get_monotonic_time();
    g_mutex_lock(&service->waiting_lock);
    if (now_us - service->strangers_us >= G_USEC_PER_SEC) {
        service->strangers_us = now_us;
        service->n_strangers = 0;
    }
    unsigned n = service->n_strangers;
    service->n_strangers = MIN(n + 1, STRANGER_LINES + 1);
    g_mutex_unlock(&service->waiting_lock);
    if (n == STRANGER_LINES)
        pup_log(LOG_WARNING, "strangers-left-out", "message",
                "more PCs that no room has are not told of for a second", NULL);
    return n < STRANGER_LINES;
}

static gboolean
may_tell(PupService *service, const char *mac)
{
    g_autofree char *room = NULL;
    g_autofree char *seat = NULL;
    return pup_catalog_find_seat(service->catalog, mac, &room, &seat, NULL) ||
           may_tell_stranger(service);
}

gboolean
pup_service_stage(PupService *service, const char *mac, PupStage stage,
                  const char *detail)
{
    g_autoptr(GError) error = NULL;
    gboolean told = may_tell(service, mac);
    if (told)
        pup_log(LOG_INFO, "stage", "mac", mac, "stage", pup_stage_name(stage), NULL);
    g_mutex_lock(&service->waiting_lock);
    g_hash_table_remove(service->waiting, mac);
    g_mutex_unlock(&service->waiting_lock);
    if (!pup_catalog_stage(service->catalog, mac, stage, pup_service_now_ms(), detail,
                           &error))
        pup_log(LOG_ERR, "catalog-failed", "mac", mac, "message", error->message, NULL);
    return told;
}

/* TRUE when it is time to write down again that @mac waits. */
static gboolean
waits_anew(PupService *service, const char *mac)
{
    gint64 now_ms = pup_service_clock_ms();
    g_mutex_lock(&service->waiting_lock);
    gint64 *last_ms = g_hash_table_lookup(service->waiting, mac);
    gboolean anew = !last_ms || now_ms - *last_ms >= WAITING_MS;
    if (anew && g_hash_table_size(service->waiting) >= WAITING_MAX)
        g_hash_table_remove_all(service->waiting);
    if (anew)
        g_hash_table_insert(service->waiting, g_strdup(mac),
                            g_memdup2(&now_ms, sizeof now_ms));
    g_mutex_unlock(&service->waiting_lock);
    return anew;
}

void
pup_service_waits(PupService *service, const PupRequest *req, const char *mac,
                  const char *room, const char *why)
{
    char client[46];
    g_autoptr(GError) error = NULL;
    if (waits_anew(service, mac) &&
        !pup_catalog_report(service->catalog, mac, pup_request_client(req, client),
                            room ? room : "", 0, "waiting", why, pup_service_now_ms(),
                            &error))
        pup_log(LOG_ERR, "catalog-failed", "mac", mac, "message", error->message, NULL);
}

gboolean
pup_service_find_seat(PupService *service, const char *mac, char **room, char **seat,
                      GError **error)
{
    g_autoptr(GError) why = NULL;
    if (pup_catalog_find_seat(service->catalog, mac, room, seat, &why))
        return TRUE;
    if (g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND)) {
        char *fallback = g_strdup(pup_service_settings(service)->default_room);
        pup_service_done(service);
        if (fallback) {
            *room = fallback;
            *seat = NULL;
            return TRUE;
        }
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}
