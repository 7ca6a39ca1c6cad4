/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The server is to send about one copy of a chunk to a room of thirty, and each question
 * that a seat takes to it because an owner was slow makes one copy more. When the
 * server's line is what is slow, all owners are, and thirty seats that lose patience make
 * it worse. Hence: a guest's read is patient for three times what most answers take, and
 * only so often that it stays an exception (HEDGE_*); beyond that, patience is PATIENCE
 * times as long. What nobody waits for is not asked of a server at all while its owner is
 * busy: it is given up, and asked for again later. And all seats read
 * the same when they start: none begins before it has heard of the others.
 *
 * A chunk that is foreseen and becomes a guest's read meanwhile keeps its patience: it
 * has been on its way for a while.
 *
 * A seat that comes late owns chunks that others have read long ago. Who would own them
 * without us is asked first, but only for what it holds: where all start together it
 * holds nothing of ours, and a few such answers end the asking (BEFORE_*).
 */
#include "config.h"

#include "client-image/stream/source_peers.h"

#include <pthread.h>

#include "client-image/stream/gate.h"
#include "client-image/stream/peer_server.h"
#include "lib/error.h"

#define PATIENCE 4
#define PATIENCE_MIN_MS 600u
#define PATIENCE_MAX_MS 4000u
/* The whole of a seat's answer: who drips is as good as one who does not answer. */
#define PEER_LIMIT_MS 5000u
/* The same for each of many that are asked in turn. */
#define TURN_LIMIT_MS 1500u
/* A server that did not answer is left alone for so long. */
#define DOWN_US G_USEC_PER_SEC
/* Impatience: one in HEDGE_EACH answers, and HEDGE_BURST of them at a time. */
#define HEDGE_EACH 256
#define HEDGE_BURST 4
#define LATENCY_KEPT 256u
/* Who waits at the gate looks so often whether a guest has begun to wait. */
#define GATE_LOOK_US (50 * 1000)
/* Who was there before us is asked until so many more answers than that were in vain, one
 * that was not counting double; from then on each BEFORE_EACH-th time. */
#define BEFORE_MAX 16
#define BEFORE_EACH 16u

/* Who gave what came last with a PupHttp. */
typedef struct {
    gboolean is_peer;
    PupPeer peer;
} Giver;

typedef struct {
    PupSource source;
    PupSource *servers;
    PupPeers *peers;
    PupStats *stats;
    PupGate *gate; /* to the servers, for what our guest does not wait for */
    pthread_mutex_t lock;
    GHashTable *latencies; /* URL of a seat -> PupLatency; they stay */
    GHashTable *givers;    /* PupHttp -> Giver: as many as there are threads */
    gint hedge_credit;     /* in answers */
    gint before_credit;    /* in answers of who was there before us */
    guint n_unasked;       /* times that it was not asked */
    gint64 down_until_us;  /* the servers, as far as we know */
} Peers;

/* A chunk that is wanted. */
typedef struct {
    PupHttp *http;
    const PupName *name;
    const PupUrgency *urgency; /* may rise */
    PupHttpBuffer *encoded;    /* where it goes */
    const PupPeerList *list;
} Ask;

static const char *const peer_headers[] = {"Pupitre-Peer: 1", NULL};

static PupLatency *
latency_of(Peers *self, const PupPeer *peer)
{
    PupLatency *latency;

    pthread_mutex_lock(&self->lock);
    latency = g_hash_table_lookup(self->latencies, peer->url);
    if (!latency) {
        latency = pup_latency_new(LATENCY_KEPT);
        g_hash_table_insert(self->latencies, g_strdup(peer->url), latency);
    }
    pthread_mutex_unlock(&self->lock);
    return latency;
}

/* Remember who gave what @http has brought: @peer; NULL: a server. */
static void
note_giver(Peers *self, PupHttp *http, const PupPeer *peer)
{
    Giver *giver;

    pthread_mutex_lock(&self->lock);
    giver = g_hash_table_lookup(self->givers, http);
    if (!giver) {
        giver = g_new0(Giver, 1);
        g_hash_table_insert(self->givers, http, giver);
    }
    giver->is_peer = peer != NULL;
    if (peer)
        giver->peer = *peer;
    pthread_mutex_unlock(&self->lock);
}

/* An answer came, of our impatience (@hedged) or without it. */
static void
account(Peers *self, gboolean hedged)
{
    pthread_mutex_lock(&self->lock);
    self->hedge_credit += hedged ? -HEDGE_EACH : 1;
    self->hedge_credit = CLAMP(self->hedge_credit, -HEDGE_EACH, HEDGE_BURST * HEDGE_EACH);
    pthread_mutex_unlock(&self->lock);
}

static gboolean
is_now(const Ask *ask)
{
    return pup_urgency(ask->urgency) == PUP_FETCH_NOW;
}

/* How long @peer is given before somebody else is asked. */
static unsigned
patience_ms(Peers *self, const Ask *ask, const PupPeer *peer)
{
    unsigned ms = (unsigned) (pup_latency_deadline(latency_of(self, peer)) / 1000);
    gboolean may_hurry;

    pthread_mutex_lock(&self->lock);
    may_hurry = is_now(ask) && self->hedge_credit >= HEDGE_EACH;
    pthread_mutex_unlock(&self->lock);
    return may_hurry ? ms : CLAMP(PATIENCE * ms, PATIENCE_MIN_MS, PATIENCE_MAX_MS);
}

/* @peer gave the chunk. */
static void
praise(Peers *self, const Ask *ask, const PupPeer *peer, const PupHttpTry *get)
{
    note_giver(self, ask->http, peer);
    pup_latency_note(latency_of(self, peer), get->took_us);
    pup_peers_forgive(self->peers, peer);
    pup_stats_add(self->stats, PUP_STAT_PEER_BYTES, ask->encoded->len);
    account(self, FALSE);
}

/* @peer did not give it. That it has not got it, has too much to do or does not know us
 * yet is no fault. */
static void
blame(Peers *self, const PupPeer *peer, const PupHttpTry *get)
{
    if (!get->failure || get->took_us >= (gint64) get->limit_ms * 1000) {
        pup_latency_note(latency_of(self, peer), get->took_us);
        pup_peers_blame(self->peers, peer, PUP_FAULT_SLOW);
    } else if (g_error_matches(get->failure, PUP_ERROR, PUP_ERROR_CORRUPT)) {
        pup_peers_blame(self->peers, peer, PUP_FAULT_CORRUPT);
    } else if (g_error_matches(get->failure, PUP_ERROR, PUP_ERROR_NET)) {
        pup_peers_blame(self->peers, peer, PUP_FAULT_UNREACHABLE);
    }
}

static gboolean
servers_are_down(Peers *self)
{
    gboolean down;

    pthread_mutex_lock(&self->lock);
    down = g_get_monotonic_time() < self->down_until_us;
    pthread_mutex_unlock(&self->lock);
    return down;
}

static void
note_servers(Peers *self, const GError *failure)
{
    pthread_mutex_lock(&self->lock);
    self->down_until_us = g_error_matches(failure, PUP_ERROR, PUP_ERROR_NET)
                              ? g_get_monotonic_time() + DOWN_US
                              : 0;
    pthread_mutex_unlock(&self->lock);
}

static gboolean
ask_servers(Peers *self, const Ask *ask, GError **error)
{
    return self->servers->ops->get(self->servers, ask->http, ask->name, ask->urgency,
                                   ask->encoded, error);
}

/* Wait at the gate as long as our guest does not wait. TRUE: let in. */
static gboolean
enter(Peers *self, const Ask *ask)
{
    while (!is_now(ask)) {
        gboolean for_peer = pup_urgency(ask->urgency) == PUP_FETCH_PEER;
        if (pup_gate_enter(self->gate, for_peer ? PUP_GATE_FIRST : PUP_GATE_LAST,
                           GATE_LOOK_US))
            return TRUE;
    }
    return FALSE;
}

/* Ask the servers, unless there are seats to ask instead of ones that are down, as they
 * may be after a wait at the gate. */
static gboolean
from_servers(Peers *self, const Ask *ask, GError **error)
{
    gboolean in = enter(self, ask), came = FALSE;
    gint64 begun_us = g_get_monotonic_time(), now_us;
    g_autoptr(GError) failure = NULL;

    if (ask->list->n > 0 && servers_are_down(self)) {
        pup_error_set(error, PUP_ERROR_NET, "no server has answered lately");
    } else {
        note_giver(self, ask->http, NULL);
        came = ask_servers(self, ask, &failure);
        note_servers(self, failure);
    }
    now_us = g_get_monotonic_time();
    if (in)
        pup_gate_leave(self->gate,
                       came || now_us - begun_us > PUP_GATE_LATE_US ? begun_us : 0,
                       now_us);
    if (failure)
        g_propagate_error(error, g_steal_pointer(&failure));
    return came;
}

/* Ask @peer, and a server when that takes too long. */
static gboolean
from_peer_or_servers(Peers *self, const Ask *ask, const PupPeer *peer, GError **error)
{
    g_autofree char *peer_url = pup_chunk_url(peer->url, ask->name);
    g_autofree char *server_url = pup_source_servers_url(self->servers, ask->name);
    PupHttpTry tries[2] = {
        {.url = peer_url, .headers = peer_headers, .limit_ms = PEER_LIMIT_MS},
        {.url = server_url, .headers = pup_source_servers_headers(self->servers)},
    };
    int winner = pup_http_get_hedged(ask->http, tries, patience_ms(self, ask, peer),
                                     ask->encoded, error);

    if (winner == 0)
        praise(self, ask, peer, &tries[0]);
    else
        blame(self, peer, &tries[0]);
    if (winner == 1) {
        note_giver(self, ask->http, NULL);
        pup_stats_add(self->stats, PUP_STAT_SERVER_BYTES, ask->encoded->len);
    }
    if (winner == 1 || tries[1].failure)
        note_servers(self, tries[1].failure);
    if (tries[1].failure)
        self->servers->ops->corrupt(self->servers, ask->http, ask->name);
    if (tries[1].begun && !tries[0].failure)
        account(self, TRUE);
    g_clear_error(&tries[0].failure);
    g_clear_error(&tries[1].failure);
    return winner >= 0;
}

/* Ask @peer alone, within @limit_ms; without @headers for what it holds in memory. */
static gboolean
from_peer(Peers *self, const Ask *ask, const PupPeer *peer, const char *const *headers,
          unsigned limit_ms, GError **error)
{
    g_autofree char *url = pup_chunk_url(peer->url, ask->name);
    PupHttpTry get = {.url = url, .headers = headers, .limit_ms = limit_ms};
    gboolean came = pup_http_get_try(ask->http, &get, ask->encoded, error);

    if (came)
        praise(self, ask, peer, &get);
    else
        blame(self, peer, &get);
    g_clear_error(&get.failure);
    return came;
}

/* Ask everybody but ourselves, with @headers. */
static gboolean
from_each(Peers *self, const Ask *ask, const char *const *headers)
{
    const PupPeerList *list = ask->list;
    guint at = PUP_OWNER_NONE;

    while ((at = pup_owner_next(list->keys, list->n, ask->name, at)) != PUP_OWNER_NONE) {
        const PupPeer *peer = &list->seats[at];
        if (at != list->own && !pup_peers_avoids(self->peers, peer) &&
            from_peer(self, ask, peer, headers, TURN_LIMIT_MS, NULL))
            return TRUE;
    }
    return FALSE;
}

/* First ask who holds it, then have it looked for: two seats that want the same chunk at
 * the same time would wait for each other, while a third one has it. */
static gboolean
from_others(Peers *self, const Ask *ask)
{
    return from_each(self, ask, NULL) || from_each(self, ask, peer_headers);
}

static gboolean
asks_before(Peers *self)
{
    gboolean asks;

    pthread_mutex_lock(&self->lock);
    asks = self->before_credit > 0 || ++self->n_unasked % BEFORE_EACH == 0;
    pthread_mutex_unlock(&self->lock);
    return asks;
}

static void
account_before(Peers *self, gboolean came)
{
    pthread_mutex_lock(&self->lock);
    self->before_credit = CLAMP(self->before_credit + (came ? 2 : -1), 0, BEFORE_MAX);
    pthread_mutex_unlock(&self->lock);
}

/* The chunk is ours: who would own it without us may hold it. */
static gboolean
from_before(Peers *self, const Ask *ask)
{
    const PupPeerList *list = ask->list;
    guint at = list->own == PUP_OWNER_NONE
                   ? PUP_OWNER_NONE
                   : pup_owner_next(list->keys, list->n, ask->name, list->own);
    const PupPeer *peer = at == PUP_OWNER_NONE ? NULL : &list->seats[at];
    gboolean came;

    if (!peer || pup_peers_avoids(self->peers, peer) || !asks_before(self))
        return FALSE;
    came = from_peer(self, ask, peer, NULL, patience_ms(self, ask, peer), NULL);
    account_before(self, came);
    return came;
}

/* The seat to ask: the owner, or who comes after those that are avoided. NULL when that
 * is ourselves. */
static const PupPeer *
choose(Peers *self, const Ask *ask)
{
    const PupPeerList *list = ask->list;
    guint at = PUP_OWNER_NONE;

    do {
        at = pup_owner_next(list->keys, list->n, ask->name, at);
    } while (at != PUP_OWNER_NONE && at != list->own &&
             pup_peers_avoids(self->peers, &list->seats[at]));
    return at == PUP_OWNER_NONE || at == list->own ? NULL : &list->seats[at];
}

/* What a guest waits for, or will at once if this fails. */
static gboolean
get_wanted(Peers *self, const Ask *ask, GError **error)
{
    const PupPeer *owner = choose(self, ask);

    if (owner && from_peer_or_servers(self, ask, owner, error))
        return TRUE;
    if (!owner && (from_before(self, ask) || from_servers(self, ask, error)))
        return TRUE;
    if (!from_others(self, ask))
        return FALSE;
    g_clear_error(error);
    return TRUE;
}

/* What nobody waits for. An owner that is busy will have it later; one that fails is not
 * asked again beside a server, but passed over. */
static gboolean
get_foreseen(Peers *self, const Ask *ask, GError **error)
{
    const PupPeer *owner = choose(self, ask);
    g_autoptr(GError) failure = NULL;

    if (!owner)
        return get_wanted(self, ask, error);
    if (from_peer(self, ask, owner, peer_headers, PEER_LIMIT_MS, &failure))
        return TRUE;
    if (is_now(ask))
        return get_wanted(self, ask, error);
    if (!g_error_matches(failure, PUP_ERROR, PUP_ERROR_BUSY))
        return from_servers(self, ask, error);
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}

static gboolean
peers_get(PupSource *source, PupHttp *http, const PupName *name,
          const PupUrgency *urgency, PupHttpBuffer *encoded, GError **error)
{
    Peers *self = (Peers *) source;
    g_autoptr(PupPeerList) list = NULL;
    g_autoptr(GError) failure = NULL;
    Ask ask = {http, name, urgency, encoded, NULL};
    PupUrgency begun = pup_urgency(urgency);
    gboolean came;

    if (begun != PUP_FETCH_PEER)
        pup_peers_await_polls(self->peers);
    ask.list = list = pup_peers_list(self->peers);
    if (begun == PUP_FETCH_PEER)
        came = from_servers(self, &ask, &failure);
    else if (begun == PUP_FETCH_NOW)
        came = get_wanted(self, &ask, &failure);
    else
        came = get_foreseen(self, &ask, &failure);
    if (!came)
        g_propagate_error(error, g_steal_pointer(&failure));
    return came;
}

static void
peers_corrupt(PupSource *source, PupHttp *http, const PupName *name)
{
    Peers *self = (Peers *) source;
    Giver giver = {FALSE};
    const Giver *found;

    pthread_mutex_lock(&self->lock);
    found = g_hash_table_lookup(self->givers, http);
    if (found)
        giver = *found;
    pthread_mutex_unlock(&self->lock);
    if (giver.is_peer)
        pup_peers_blame(self->peers, &giver.peer, PUP_FAULT_CORRUPT);
    else
        self->servers->ops->corrupt(self->servers, http, name);
}

static void
peers_free(PupSource *source)
{
    Peers *self = (Peers *) source;

    self->servers->ops->free(self->servers);
    pup_gate_free(self->gate);
    g_hash_table_destroy(self->latencies);
    g_hash_table_destroy(self->givers);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

static const PupSourceOps peers_ops = {
    .get = peers_get,
    .corrupt = peers_corrupt,
    .free = peers_free,
};

PupSource *
pup_source_peers_new(PupSource *servers, PupPeers *peers, PupStats *stats)
{
    Peers *self = g_new0(Peers, 1);

    self->source.ops = &peers_ops;
    self->servers = servers;
    self->peers = peers;
    self->stats = stats;
    self->gate = pup_gate_new(PUP_PEER_CONNECTIONS_EACH);
    self->hedge_credit = HEDGE_BURST * HEDGE_EACH;
    self->before_credit = BEFORE_MAX;
    pthread_mutex_init(&self->lock, NULL);
    self->latencies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                            (GDestroyNotify) pup_latency_free);
    self->givers = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return &self->source;
}
