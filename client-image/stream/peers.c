/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first polls come faster: when a whole room is switched on, seats join all the time,
 * and who does not know the same seats does not name the same owners.
 */
#include "config.h"

#include "client-image/stream/peers.h"

#include "client-image/common/http.h"
#include "client-image/stream/clock.h"
#include "lib/json.h"

#define CONNECT_TIMEOUT_MS 1000u
#define STALL_TIMEOUT_MS 2000u
#define ANSWER_MAX_BYTES (1024u * 1024u)
#define START_POLL_MS 1000u
#define QUICK_POLLS 12u
#define QUICK_MS 250u
/* The first poll may come before the others', the second does not. */
#define KNOWN_POLLS 2u
/* The server takes no more at a time. */
#define BAD_MAX 64u

typedef struct {
    PupPeer peer;
    PupFault fault;
} Bad;

struct PupPeers {
    char **servers;
    char *mac, *boot, *room;
    unsigned version, port;
    PupStats *stats;
    PupHttp *http;
    pthread_t thread;
    guint current; /* server in use; of the thread alone */
    /* Of all, under the lock: */
    pthread_mutex_t lock;
    unsigned n_polls;
    pthread_cond_t change;
    pthread_cond_t known; /* n_polls has become KNOWN_POLLS */
    gint64 await_until_us;
    gboolean stopping;
    gboolean poked; /* poll soon */
    PupPeersAnswer answer;
    PupAvoid *avoid;
    GArray *bads; /* of Bad, to be reported */
};

static json_t *
bad_to_json(const Bad *bad)
{
    return json_pack("{s:s,s:i,s:s}", "address", bad->peer.address, "port",
                     (int) bad->peer.port, "reason", pup_fault_name(bad->fault));
}

/* The body of a poll, which reports the first *@n_bads. New string. */
static char *
make_body(PupPeers *peers, guint *n_bads)
{
    json_t *bads = json_array();
    g_autoptr(PupJsonValue) body = NULL;
    g_autofree char *epoch = NULL;
    unsigned version;
    char *text, *copy;

    pthread_mutex_lock(&peers->lock);
    epoch = g_strdup(peers->answer.epoch);
    version = peers->version;
    *n_bads = MIN(peers->bads->len, BAD_MAX);
    for (guint i = 0; i < *n_bads; i++)
        json_array_append_new(bads, bad_to_json(&g_array_index(peers->bads, Bad, i)));
    pthread_mutex_unlock(&peers->lock);
    body = json_pack("{s:s,s:s,s:i,s:i,s:s,s:o}", "boot", peers->boot, "room",
                     peers->room, "version", (int) version, "port", (int) peers->port,
                     "epoch", epoch, "bad", bads);
    if (peers->stats)
        json_object_set_new(body, "stats", pup_stats_to_json(peers->stats));
    text = json_dumps(body, JSON_COMPACT);
    copy = g_strdup(text);
    free(text);
    return copy;
}

/* The server has answered, and taken note of @n_bads reports. */
static void
accept_answer(PupPeers *peers, const PupPeersAnswer *answer, guint n_bads)
{
    PupPeerList *list = answer->list;

    pthread_mutex_lock(&peers->lock);
    if (list)
        pup_peer_list_unref(peers->answer.list);
    else
        list = peers->answer.list;
    peers->answer = *answer;
    peers->answer.list = list;
    g_array_remove_range(peers->bads, 0, n_bads);
    pthread_mutex_unlock(&peers->lock);
}

/* One poll of one server. */
static void
poll_once(PupPeers *peers)
{
    g_autofree char *url = g_strdup_printf("%s/v1/seats/%s/peers",
                                           peers->servers[peers->current], peers->mac);
    guint n_bads;
    g_autofree char *body = make_body(peers, &n_bads);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) text =
        pup_http_post_json(peers->http, url, body, ANSWER_MAX_BYTES, &error);
    PupPeersAnswer answer = {.list = NULL};

    if (text && pup_peers_answer_parse(peers->mac, g_bytes_get_data(text, NULL),
                                       g_bytes_get_size(text), &answer, &error)) {
        accept_answer(peers, &answer, n_bads);
    } else if (!peers->servers[++peers->current]) {
        peers->current = 0;
    }
}

static void *
poll_all(void *user)
{
    PupPeers *peers = user;

    pthread_mutex_lock(&peers->lock);
    while (!peers->stopping) {
        gint64 soon_us = g_get_monotonic_time() + (gint64) QUICK_MS * 1000;
        gint64 next_us;
        pthread_mutex_unlock(&peers->lock);
        poll_once(peers);
        pthread_mutex_lock(&peers->lock);
        if (++peers->n_polls == KNOWN_POLLS)
            pthread_cond_broadcast(&peers->known);
        next_us = soon_us + ((gint64) peers->answer.poll_ms - QUICK_MS) * 1000;
        if (peers->n_polls < QUICK_POLLS)
            next_us = MIN(next_us, soon_us);
        while (!peers->stopping && pup_clock_cond_wait(&peers->change, &peers->lock,
                                                       peers->poked ? soon_us : next_us))
            ;
        peers->poked = FALSE;
    }
    pthread_mutex_unlock(&peers->lock);
    return NULL;
}

PupPeers *
pup_peers_new(const PupPeersConfig *config)
{
    PupPeers *peers = g_new0(PupPeers, 1);

    peers->servers = g_strdupv((char **) config->servers);
    peers->mac = g_strdup(config->mac);
    peers->boot = g_strdup(config->boot);
    peers->room = g_strdup(config->room);
    peers->version = config->version;
    peers->port = config->port;
    peers->stats = config->stats;
    peers->http = pup_http_new(CONNECT_TIMEOUT_MS, STALL_TIMEOUT_MS);
    peers->answer.poll_ms = START_POLL_MS;
    peers->answer.list = pup_peer_list_new(0);
    peers->avoid = pup_avoid_new();
    peers->bads = g_array_new(FALSE, FALSE, sizeof(Bad));
    pthread_mutex_init(&peers->lock, NULL);
    pup_clock_cond_init(&peers->change);
    pup_clock_cond_init(&peers->known);
    peers->await_until_us = g_get_monotonic_time() + (gint64) PUP_PEERS_AWAIT_MS * 1000;
    if (pthread_create(&peers->thread, NULL, poll_all, peers) != 0)
        g_error("cannot start a thread");
    return peers;
}

void
pup_peers_free(PupPeers *peers)
{
    if (!peers)
        return;
    pthread_mutex_lock(&peers->lock);
    peers->stopping = TRUE;
    pthread_cond_signal(&peers->change);
    pthread_mutex_unlock(&peers->lock);
    pup_http_cancel(peers->http);
    pthread_join(peers->thread, NULL);
    pup_http_free(peers->http);
    pup_peer_list_unref(peers->answer.list);
    pup_avoid_free(peers->avoid);
    g_array_free(peers->bads, TRUE);
    pthread_cond_destroy(&peers->change);
    pthread_cond_destroy(&peers->known);
    pthread_mutex_destroy(&peers->lock);
    g_strfreev(peers->servers);
    g_free(peers->mac);
    g_free(peers->boot);
    g_free(peers->room);
    g_free(peers);
}

void
pup_peers_await_polls(PupPeers *peers)
{
    pthread_mutex_lock(&peers->lock);
    while (!peers->stopping && peers->n_polls < KNOWN_POLLS &&
           pup_clock_cond_wait(&peers->known, &peers->lock, peers->await_until_us))
        ;
    pthread_mutex_unlock(&peers->lock);
}

void
pup_peers_tell_version(PupPeers *peers, unsigned version)
{
    pthread_mutex_lock(&peers->lock);
    peers->version = version;
    pthread_mutex_unlock(&peers->lock);
}

PupPeerList *
pup_peers_list(PupPeers *peers)
{
    PupPeerList *list;

    pthread_mutex_lock(&peers->lock);
    list = peers->answer.list;
    g_atomic_int_inc(&list->refs);
    pthread_mutex_unlock(&peers->lock);
    return list;
}

unsigned
pup_peers_count_at(PupPeers *peers, const char *address)
{
    g_autoptr(PupPeerList) list = pup_peers_list(peers);
    unsigned count = 0;

    for (guint i = 0; i < list->n; i++)
        count += strcmp(list->seats[i].address, address) == 0;
    if (count == 0) {
        pthread_mutex_lock(&peers->lock);
        peers->poked = TRUE;
        pthread_cond_signal(&peers->change);
        pthread_mutex_unlock(&peers->lock);
    }
    return count;
}

void
pup_peers_blame(PupPeers *peers, const PupPeer *peer, PupFault fault)
{
    const Bad bad = {*peer, fault};

    pthread_mutex_lock(&peers->lock);
    if (pup_avoid_blame(peers->avoid, peer->url, fault, g_get_monotonic_time()) &&
        peers->bads->len < BAD_MAX) {
        g_array_append_val(peers->bads, bad);
        g_printerr("pupitre: seat %s at %s is %s\n", peer->mac, peer->url,
                   pup_fault_name(fault));
    }
    pthread_mutex_unlock(&peers->lock);
}

void
pup_peers_forgive(PupPeers *peers, const PupPeer *peer)
{
    pthread_mutex_lock(&peers->lock);
    pup_avoid_forgive(peers->avoid, peer->url);
    pthread_mutex_unlock(&peers->lock);
}

gboolean
pup_peers_avoids(PupPeers *peers, const PupPeer *peer)
{
    gboolean avoids;

    pthread_mutex_lock(&peers->lock);
    avoids = pup_avoid_is(peers->avoid, peer->url, g_get_monotonic_time());
    pthread_mutex_unlock(&peers->lock);
    return avoids;
}

unsigned
pup_peers_uplink_kib_s(PupPeers *peers)
{
    unsigned uplink_kib_s;

    pthread_mutex_lock(&peers->lock);
    uplink_kib_s = peers->answer.uplink_kib_s;
    pthread_mutex_unlock(&peers->lock);
    return uplink_kib_s;
}

unsigned
pup_peers_warm(PupPeers *peers)
{
    unsigned warm;

    pthread_mutex_lock(&peers->lock);
    warm = peers->answer.warm;
    pthread_mutex_unlock(&peers->lock);
    return warm;
}
