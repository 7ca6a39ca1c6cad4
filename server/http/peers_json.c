/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/http/peers_json.h"

#include <string.h>
#include "lib/ident.h"
#include "lib/json.h"

#define WHAT "body"
#define BODY_MAX_BYTES (64u * 1024u)

static char *
take_boot(PupJsonReader *r)
{
    const char *boot = pup_json_string(r, "boot", PUP_POLL_BOOT_MAX);
    if (!*boot || boot[strspn(boot, "abcdefghijklmnopqrstuvwxyz0123456789-")])
        pup_json_fail(r, "boot", "not an id");
    return g_strdup(boot);
}

static char *
take_room(PupJsonReader *r)
{
    g_autoptr(GError) wrong = NULL;
    const char *room = pup_json_string(r, "room", 64);
    if (!r->failed && !pup_ident_check("room", room, &wrong))
        pup_json_fail(r, "room", "is %s", wrong->message);
    return g_strdup(room);
}

static void
take_stats(PupJsonReader *r, PupPeersAsk *ask)
{
    json_t *stats = pup_json_has(r, "stats") ? pup_json_object(r, "stats") : NULL;
    if (!stats)
        return;
    ask->has_stats = pup_seat_stats_parse(WHAT ": stats", stats, &ask->stats, r->error);
    r->failed = !ask->has_stats;
}

/* FALSE for a reason that only a newer seat knows. */
static gboolean
parse_reason(const char *name, PupBadReason *reason)
{
    for (unsigned i = PUP_BAD_CORRUPT; i <= PUP_BAD_UNREACHABLE; i++) {
        if (strcmp(pup_bad_reason_name(i), name) != 0)
            continue;
        *reason = i;
        return TRUE;
    }
    return FALSE;
}

static void
take_report(PupJsonReader *r, json_t *item, PupPeersAsk *ask)
{
    PupJsonReader inner = PUP_JSON_READER(WHAT ": bad", item, r->error);
    PupBadPeer *bad = &ask->bad[ask->n_bad];
    g_strlcpy(bad->address, pup_json_string(&inner, "address", sizeof bad->address - 1),
              sizeof bad->address);
    bad->port = pup_json_has(&inner, "port")
                    ? (unsigned) pup_json_uint(&inner, "port", 1, 65535)
                    : 0;
    if (parse_reason(pup_json_string(&inner, "reason", 32), &bad->reason))
        ask->n_bad++;
    r->failed = inner.failed;
}

static void
take_bad(PupJsonReader *r, PupPeersAsk *ask)
{
    json_t *list = pup_json_has(r, "bad") ? pup_json_array(r, "bad") : NULL;
    if (json_array_size(list) > PUP_BAD_MAX)
        pup_json_fail(r, "bad", "too many");
    for (size_t i = 0; i < json_array_size(list) && !r->failed; i++) {
        json_t *item = json_array_get(list, i);
        if (json_is_object(item))
            take_report(r, item, ask);
        else
            pup_json_fail(r, "bad", "not an object");
    }
}

PupPeersAsk *
pup_peers_ask_parse(const char *text, size_t len, GError **error)
{
    g_autoptr(PupJsonValue) json = pup_json_parse(WHAT, text, len, BODY_MAX_BYTES, error);
    if (!json)
        return NULL;
    PupJsonReader r = PUP_JSON_READER(WHAT, json, error);
    g_autoptr(PupPeersAsk) ask = g_new0(PupPeersAsk, 1);
    ask->boot = take_boot(&r);
    ask->room = take_room(&r);
    ask->version = (unsigned) pup_json_uint(&r, "version", 0, PUP_VERSION_MAX);
    ask->port = (unsigned) pup_json_uint(&r, "port", 0, 65535);
    ask->epoch = g_strdup(pup_json_string(&r, "epoch", PUP_EPOCH_MAX));
    if (!r.failed)
        take_stats(&r, ask);
    if (!r.failed)
        take_bad(&r, ask);
    return r.failed ? NULL : g_steal_pointer(&ask);
}

void
pup_peers_ask_free(PupPeersAsk *ask)
{
    if (!ask)
        return;
    g_free(ask->boot);
    g_free(ask->room);
    g_free(ask->epoch);
    g_free(ask);
}

json_t *
pup_peers_json(const GArray *peers)
{
    json_t *list = json_array();
    for (guint i = 0; i < peers->len; i++) {
        const PupPeer *peer = &g_array_index(peers, PupPeer, i);
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:i}", "mac", peer->mac, "address",
                                        peer->address, "port", (int) peer->port));
    }
    return list;
}
