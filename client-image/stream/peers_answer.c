/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/peers.h"

#include <arpa/inet.h>

#include "lib/ident.h"
#include "lib/json.h"

#define WHAT "the server's list of seats"
#define ANSWER_MAX_BYTES (1024u * 1024u)
#define SEATS_MAX 4096u
#define POLL_MIN_MS 100u
#define POLL_MAX_MS 60000u

PupPeerList *
pup_peer_list_new(guint n)
{
    PupPeerList *list = g_new0(PupPeerList, 1);

    list->refs = 1;
    list->n = n;
    list->own = PUP_OWNER_NONE;
    list->seats = g_new0(PupPeer, n);
    list->keys = g_new0(guint64, n);
    return list;
}

void
pup_peer_list_unref(PupPeerList *list)
{
    if (!list || !g_atomic_int_dec_and_test(&list->refs))
        return;
    g_free(list->seats);
    g_free(list->keys);
    g_free(list);
}

/* What goes into a URL is checked. */
static void
take_seat(PupJsonReader *outer, json_t *item, PupPeer *peer)
{
    PupJsonReader r = PUP_JSON_READER(WHAT, item, outer->error);
    const char *mac = pup_json_string(&r, "mac", sizeof peer->mac - 1);
    const char *address = pup_json_string(&r, "address", sizeof peer->address - 1);
    struct in_addr parsed;

    g_strlcpy(peer->mac, mac, sizeof peer->mac);
    g_strlcpy(peer->address, address, sizeof peer->address);
    peer->port = (unsigned) pup_json_uint(&r, "port", 1, 65535);
    if (!r.failed && inet_pton(AF_INET, address, &parsed) != 1)
        pup_json_fail(&r, "address", "is not an IPv4 address");
    if (!r.failed)
        g_snprintf(peer->url, sizeof peer->url, "http://%s:%u", peer->address,
                   peer->port);
    outer->failed = r.failed;
}

/* The list of @array, which the reader @r has. NULL once failed. */
static PupPeerList *
take_list(PupJsonReader *r, const char *own_mac, json_t *array)
{
    size_t n = json_array_size(array);
    PupPeerList *list;

    if (n > SEATS_MAX)
        pup_json_fail(r, "seats", "has more than %u", SEATS_MAX);
    if (r->failed)
        return NULL;
    list = pup_peer_list_new((guint) n);
    for (guint i = 0; i < n && !r->failed; i++) {
        json_t *item = json_array_get(array, i);
        if (!json_is_object(item))
            pup_json_fail(r, "seats", "holds something else than objects");
        else
            take_seat(r, item, &list->seats[i]);
        list->keys[i] = pup_owner_key(list->seats[i].mac);
        if (strcmp(list->seats[i].mac, own_mac) == 0)
            list->own = i;
    }
    if (r->failed)
        g_clear_pointer(&list, pup_peer_list_unref);
    return list;
}

gboolean
pup_peers_answer_parse(const char *mac, const char *text, size_t len,
                       PupPeersAnswer *answer, GError **error)
{
    g_autoptr(PupJsonValue) root =
        pup_json_parse(WHAT, text, len, ANSWER_MAX_BYTES, error);
    PupJsonReader r = PUP_JSON_READER(WHAT, root, error);
    PupPeersAnswer told = {.list = NULL};

    if (!root)
        return FALSE;
    g_strlcpy(told.epoch, pup_json_string(&r, "epoch", sizeof told.epoch - 1),
              sizeof told.epoch);
    told.poll_ms = (unsigned) pup_json_uint(&r, "poll_ms", POLL_MIN_MS, POLL_MAX_MS);
    told.uplink_kib_s = (unsigned) pup_json_uint(&r, "uplink_kib_s", 0, G_MAXINT32);
    told.warm = (unsigned) pup_json_uint(&r, "warm", 0, PUP_VERSION_MAX);
    if (!r.failed && pup_json_has(&r, "seats"))
        told.list = take_list(&r, mac, pup_json_array(&r, "seats"));
    if (r.failed)
        return FALSE;
    *answer = told;
    return TRUE;
}
