/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The poll that every seat sends once a second. It touches neither SQLite nor, mostly,
 * any file: the neighbourhoods are in memory, and so is what the room's profile says.
 * While a warm-up is due, the room's current version is read each time.
 */
#include "config.h"

#include "lib/ident.h"
#include "server/http/peers_json.h"
#include "server/http/routes.h"

static gboolean
poll_neighbourhood(PupService *service, const PupPeerPoll *poll, PupPeerAnswer *answer,
                   GError **error)
{
    return pup_neighbourhoods_poll(service->neighbourhoods, poll, pup_service_clock_ms(),
                                   answer, error);
}

/* Strangers are apart, so that they fill up nobody's neighbourhood; no room's is named
 * so.
 */
#define STRANGERS ""

/* Any PC may say that it is a seat; only one that the room's profile has, or that the
 * settings put into the room, gets into the list: so its length is the admin's. */
static gboolean
is_stranger(PupService *service, const PupPeering *peering, const char *room)
{
    if (peering->is_seat)
        return FALSE;
    gboolean welcome = g_strcmp0(pup_service_settings(service)->default_room, room) == 0;
    pup_service_done(service);
    return !welcome;
}

/* The version that @poll's seat shall warm up: what it is given at its next start, from
 * the wished time on, unless it runs that or has told that it holds all of it. 0: none.
 */
static unsigned
warm_version(const PupService *service, const PupPeering *peering,
             const PupPeerPoll *poll)
{
    PupSeatStats stats;
    gint64 now_ms = pup_service_now_ms();
    if (peering->warm_at_ms == 0 || now_ms < peering->warm_at_ms ||
        now_ms - peering->warm_at_ms >= PUP_WARM_MS)
        return 0;
    unsigned current = pup_store_version_for(service->store, poll->room, poll->mac, NULL);
    if (current == poll->version ||
        (pup_neighbourhoods_stats(service->neighbourhoods, poll->mac, &stats) &&
         stats.warm_version == current && stats.warm_total > 0 &&
         stats.warm_done >= stats.warm_total))
        return 0;
    return current;
}

/* The told epoch, with the list unless the asked one still holds. Takes over the list. */
static json_t *
answer_json(const PupService *service, const PupPeering *peering, unsigned warm,
            PupPeerAnswer *answer)
{
    json_t *json =
        json_pack("{s:s,s:i,s:i,s:i}", "epoch", answer->epoch, "poll_ms",
                  (int) pup_neighbourhoods_poll_ms(service->neighbourhoods),
                  "uplink_kib_s", (int) peering->uplink_kib_s, "warm", (int) warm);
    if (!answer->peers)
        return json;
    json_object_set_new(json, "seats", pup_peers_json(answer->peers));
    g_array_unref(answer->peers);
    return json;
}

gboolean
pup_poll_peers(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    PupService *service = data;
    char client[46];
    g_autofree char *mac = pup_mac_parse(req->args[0], error);
    if (!mac)
        return FALSE;
    g_autoptr(PupPeersAsk) ask = pup_peers_ask_parse(req->body, req->body_len, error);
    PupPeering peering;
    if (!ask || !pup_catalog_peering(service->catalog, ask->room, mac,
                                     pup_service_now_ms(), &peering, error))
        return FALSE;
    gboolean stranger = is_stranger(service, &peering, ask->room);
    PupPeerPoll poll = {
        .mac = mac,
        .boot = ask->boot,
        .neighbourhood = stranger ? STRANGERS : peering.neighbourhood,
        .room = ask->room,
        .version = ask->version,
        .address = pup_request_client(req, client),
        .port = ask->port,
        .alone = stranger || !peering.peers,
        .epoch = ask->epoch,
        .stats = ask->has_stats ? &ask->stats : NULL,
        .bad = ask->bad,
        .n_bad = ask->n_bad,
    };
    PupPeerAnswer answer;
    if (!poll_neighbourhood(service, &poll, &answer, error))
        return FALSE;
    pup_response_json(res, answer_json(service, &peering,
                                       warm_version(service, &peering, &poll), &answer));
    return TRUE;
}
