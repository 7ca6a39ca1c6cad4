/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/boot/client_image.h"
#include "server/http/routes.h"

/* How many seats are in each state, over all rooms. */
static json_t *
states_json(const GPtrArray *seats)
{
    json_t *counts = json_object();
    for (guint i = 0; i < seats->len; i++) {
        const PupSeat *seat = g_ptr_array_index(seats, i);
        json_int_t n = json_integer_value(json_object_get(counts, seat->state));
        json_object_set_new(counts, seat->state, json_integer(n + 1));
    }
    return counts;
}

/* What the seats that poll have counted together. */
static json_t *
stats_json(const GPtrArray *seats)
{
    PupSeatStats sum = {0};
    for (guint i = 0; i < seats->len; i++) {
        const PupSeat *seat = g_ptr_array_index(seats, i);
        if (seat->streams)
            pup_seat_stats_add(&sum, &seat->stats);
    }
    return pup_seat_stats_sum_json(&sum);
}

/* Every room that has a profile, with the version that it stands at (null: none yet). */
static json_t *
rooms_json(PupService *service, GError **error)
{
    g_auto(GStrv) rooms = pup_catalog_rooms(service->catalog, error);
    if (!rooms)
        return NULL;
    json_t *list = json_array();
    for (char **room = rooms; *room; room++) {
        unsigned version = pup_store_current(service->store, PUP_KIND_ROOM, *room, NULL);
        json_array_append_new(list, json_pack("{s:s,s:o}", "room", *room, "version",
                                              pup_version_json(version)));
    }
    return list;
}

/* Rooms and boot files are served without the catalog's database: where that cannot be
 * read, what it would say is null. */
gboolean
pup_get_status(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    static const char *const modes[] = {"proxy", "own", "off"};
    PupService *service = data;
    const PupSettings *settings = pup_service_settings(service);
    const char *dhcp = modes[settings->dhcp];
    g_autofree char *url = g_strdup(service->url);
    g_autofree char *images = pup_settings_path(settings, "client-image");
    pup_service_done(service);
    g_autoptr(PupClientImage) image = pup_client_image_current(images, NULL);
    g_autoptr(GPtrArray) seats = pup_service_seats(service, NULL);
    g_autoptr(GArray) sent = seats ? pup_service_sent(service, NULL) : NULL;
    json_t *rooms = rooms_json(service, error);
    if (!rooms)
        return FALSE;
    pup_response_json(
        res, json_pack("{s:s,s:s,s:s,s:s?,s:o,s:o,s:o,s:o}", "version", PACKAGE_VERSION,
                       "url", url, "dhcp", dhcp, "client_image", image ? image->id : NULL,
                       "rooms", rooms, "seats", sent ? states_json(seats) : json_null(),
                       "sent", sent ? pup_sent_json(sent) : json_null(), "stats",
                       sent ? stats_json(seats) : json_null()));
    return TRUE;
}
