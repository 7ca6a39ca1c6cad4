/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A thousand seats poll once a second, and nearly always nothing has changed: then a poll
 * costs two look-ups in hash tables and a comparison of numbers. The silent are looked
 * for once a poll time and neighbourhood, not in each poll. A list is made only for who
 * lacks it.
 *
 * An epoch is the process's own random token and a number that all neighbourhoods draw
 * from: a seat that moves, or that comes from the server's last life, cannot hold one
 * that happens to be right.
 */
#include "config.h"
#include "server/catalog/neighbourhood.h"

#include "lib/error.h"

#include <string.h>

#define POLLS_TO_LEAVE 3
/* Two reports of one seat within this time take it out. */
#define DOUBT_MS 10000
/* At least so long between two log lines about one seat. */
#define TELL_MS 10000
/* Events that wait to be taken; later ones are dropped. */
#define EVENTS_MAX 10000u

typedef struct {
    char *name;
    GPtrArray *members;
    guint64 epoch;
    gint64 swept_ms;
} Hood;

typedef struct {
    PupPeerState state;
    Hood *hood;
    char boot[PUP_POLL_BOOT_MAX + 1];
    gint64 seen_ms;
    gboolean listed;
    char doubter[18];  /* who could not reach it, "" for nobody, */
    gint64 doubted_ms; /* and when */
    gint64 told_ms;    /* when a report about it went into the log */
} Member;

struct PupNeighbourhoods {
    GMutex lock;
    unsigned poll_ms;
    guint32 token[2];
    guint64 n_epochs;
    GHashTable *hoods;   /* name -> Hood */
    GHashTable *members; /* MAC -> Member */
    GArray *events;
};

const char *
pup_bad_reason_name(PupBadReason reason)
{
    static const char *const names[] = {"corrupt", "slow", "unreachable"};
    return names[reason];
}

static void
free_hood(gpointer data)
{
    Hood *hood = data;
    g_ptr_array_unref(hood->members);
    g_free(hood->name);
    g_free(hood);
}

static GArray *
new_events(void)
{
    return g_array_new(FALSE, TRUE, sizeof(PupPeerEvent));
}

PupNeighbourhoods *
pup_neighbourhoods_new(unsigned poll_ms)
{
    PupNeighbourhoods *hoods = g_new0(PupNeighbourhoods, 1);
    g_mutex_init(&hoods->lock);
    hoods->poll_ms = poll_ms;
    hoods->token[0] = g_random_int();
    hoods->token[1] = g_random_int();
    hoods->hoods = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_hood);
    hoods->members = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    hoods->events = new_events();
    return hoods;
}

void
pup_neighbourhoods_free(PupNeighbourhoods *hoods)
{
    if (!hoods)
        return;
    g_hash_table_unref(hoods->members);
    g_hash_table_unref(hoods->hoods);
    g_array_unref(hoods->events);
    g_mutex_clear(&hoods->lock);
    g_free(hoods);
}

unsigned
pup_neighbourhoods_poll_ms(const PupNeighbourhoods *hoods)
{
    return hoods->poll_ms;
}

static void
change(PupNeighbourhoods *hoods, Hood *hood)
{
    hood->epoch = ++hoods->n_epochs;
}

static Hood *
find_hood(PupNeighbourhoods *hoods, const char *name)
{
    Hood *hood = g_hash_table_lookup(hoods->hoods, name);
    if (hood)
        return hood;
    hood = g_new0(Hood, 1);
    hood->name = g_strdup(name);
    hood->members = g_ptr_array_new();
    change(hoods, hood);
    g_hash_table_insert(hoods->hoods, hood->name, hood);
    return hood;
}

static void
add_event(PupNeighbourhoods *hoods, PupPeerEventKind kind, const Member *member,
          const char *by, PupBadReason reason)
{
    PupPeerEvent event = {.kind = kind, .reason = reason};
    if (hoods->events->len >= EVENTS_MAX)
        return;
    g_strlcpy(event.mac, member->state.mac, sizeof event.mac);
    g_strlcpy(event.room, member->state.room, sizeof event.room);
    g_strlcpy(event.address, member->state.address, sizeof event.address);
    g_strlcpy(event.by, by, sizeof event.by);
    event.version = member->state.version;
    event.has_stats = member->state.has_stats;
    event.stats = member->state.stats;
    g_array_append_val(hoods->events, event);
}

static void
set_listed(PupNeighbourhoods *hoods, Member *member, gboolean listed)
{
    if (member->listed == listed)
        return;
    member->listed = listed;
    change(hoods, member->hood);
}

/* Take @member out of its neighbourhood, which goes when it was the last. */
static void
move_out(PupNeighbourhoods *hoods, Member *member)
{
    Hood *hood = member->hood;
    set_listed(hoods, member, FALSE);
    g_ptr_array_remove_fast(hood->members, member);
    member->hood = NULL;
    if (hood->members->len == 0)
        g_hash_table_remove(hoods->hoods, hood->name);
}

/* May free @hood: the last one to leave takes it along. */
static void
sweep(PupNeighbourhoods *hoods, Hood *hood, gint64 now_ms)
{
    gint64 patience_ms = POLLS_TO_LEAVE * (gint64) hoods->poll_ms;
    hood->swept_ms = now_ms;
    for (guint i = hood->members->len; i-- > 0;) {
        Member *member = g_ptr_array_index(hood->members, i);
        gboolean last = hood->members->len == 1;
        if (now_ms - member->seen_ms <= patience_ms)
            continue;
        add_event(hoods, PUP_PEER_LEFT, member, "", 0);
        move_out(hoods, member);
        g_hash_table_remove(hoods->members, member->state.mac);
        if (last)
            return;
    }
}

static gboolean
move_in(PupNeighbourhoods *hoods, Member *member, Hood *hood, GError **error)
{
    if (hood->members->len >= PUP_NEIGHBOURS_MAX) {
        pup_error_set(error, PUP_ERROR_BUSY, "neighbourhood '%s' has %u seats already",
                      hood->name, PUP_NEIGHBOURS_MAX);
        return FALSE;
    }
    g_ptr_array_add(hood->members, member);
    member->hood = hood;
    return TRUE;
}

static Member *
member_new(PupNeighbourhoods *hoods, const char *mac, Hood *hood, GError **error)
{
    Member *member = g_new0(Member, 1);
    if (!move_in(hoods, member, hood, error)) {
        g_free(member);
        return NULL;
    }
    g_strlcpy(member->state.mac, mac, sizeof member->state.mac);
    member->doubted_ms = member->told_ms = G_MININT64 / 2;
    g_hash_table_insert(hoods->members, member->state.mac, member);
    return member;
}

/* The member that polls, in the neighbourhood that it names. NULL when that is full. */
static Member *
find_member(PupNeighbourhoods *hoods, const PupPeerPoll *poll, GError **error)
{
    Hood *hood = find_hood(hoods, poll->neighbourhood);
    Member *member = g_hash_table_lookup(hoods->members, poll->mac);
    if (!member)
        return member_new(hoods, poll->mac, hood, error);
    if (member->hood == hood)
        return member;
    move_out(hoods, member);
    if (move_in(hoods, member, hood, error))
        return member;
    g_hash_table_remove(hoods->members, poll->mac);
    return NULL;
}

/* What the seat says of itself now; the list changes with its address and port. */
static void
refresh(PupNeighbourhoods *hoods, Member *member, const PupPeerPoll *poll, gint64 now_ms)
{
    PupPeerState *state = &member->state;
    if (member->boot[0] && strcmp(member->boot, poll->boot) != 0) {
        add_event(hoods, PUP_PEER_LEFT, member, "", 0);
        state->has_stats = FALSE;
    }
    if (strcmp(state->address, poll->address) != 0 || state->port != poll->port)
        set_listed(hoods, member, FALSE);
    g_strlcpy(member->boot, poll->boot, sizeof member->boot);
    g_strlcpy(state->address, poll->address, sizeof state->address);
    g_strlcpy(state->room, poll->room, sizeof state->room);
    state->port = poll->port;
    state->version = poll->version;
    member->seen_ms = now_ms;
    if (poll->stats) {
        state->has_stats = TRUE;
        state->stats = *poll->stats;
    }
    set_listed(hoods, member, poll->port != 0 && !poll->alone);
}

/* @by reports @member. One who cannot be reached by two seats is taken out. */
static void
doubt(PupNeighbourhoods *hoods, Member *member, const char *by, PupBadReason reason,
      gint64 now_ms)
{
    if (now_ms - member->told_ms >= TELL_MS) {
        add_event(hoods, PUP_PEER_BAD, member, by, reason);
        member->told_ms = now_ms;
    }
    if (reason != PUP_BAD_UNREACHABLE || !member->listed)
        return;
    if (member->doubter[0] && strcmp(member->doubter, by) != 0 &&
        now_ms - member->doubted_ms <= DOUBT_MS) {
        add_event(hoods, PUP_PEER_TAKEN_OUT, member, by, reason);
        set_listed(hoods, member, FALSE);
        member->doubter[0] = '\0';
        return;
    }
    g_strlcpy(member->doubter, by, sizeof member->doubter);
    member->doubted_ms = now_ms;
}

static void
take_reports(PupNeighbourhoods *hoods, const Member *by, const PupPeerPoll *poll,
             gint64 now_ms)
{
    for (unsigned i = 0; i < poll->n_bad; i++) {
        const PupBadPeer *bad = &poll->bad[i];
        for (guint j = 0; j < by->hood->members->len; j++) {
            Member *member = g_ptr_array_index(by->hood->members, j);
            if (member != by && strcmp(member->state.address, bad->address) == 0 &&
                (bad->port == 0 || member->state.port == bad->port))
                doubt(hoods, member, by->state.mac, bad->reason, now_ms);
        }
    }
}

static GArray *
list_peers(const Hood *hood)
{
    GArray *peers = g_array_new(FALSE, TRUE, sizeof(PupPeer));
    for (guint i = 0; i < hood->members->len; i++) {
        const Member *member = g_ptr_array_index(hood->members, i);
        PupPeer peer = {.port = member->state.port};
        if (!member->listed)
            continue;
        g_strlcpy(peer.mac, member->state.mac, sizeof peer.mac);
        g_strlcpy(peer.address, member->state.address, sizeof peer.address);
        g_array_append_val(peers, peer);
    }
    return peers;
}

/* Who wants no peers has an empty list, whose epoch is 0. */
static void
fill_answer(const PupNeighbourhoods *hoods, const Hood *hood, const PupPeerPoll *poll,
            PupPeerAnswer *answer)
{
    g_snprintf(answer->epoch, sizeof answer->epoch, "%08x%08x-%" G_GUINT64_FORMAT,
               hoods->token[0], hoods->token[1], poll->alone ? 0 : hood->epoch);
    if (strcmp(answer->epoch, poll->epoch) == 0)
        answer->peers = NULL;
    else if (poll->alone)
        answer->peers = g_array_new(FALSE, TRUE, sizeof(PupPeer));
    else
        answer->peers = list_peers(hood);
}

gboolean
pup_neighbourhoods_poll(PupNeighbourhoods *hoods, const PupPeerPoll *poll, gint64 now_ms,
                        PupPeerAnswer *answer, GError **error)
{
    g_mutex_lock(&hoods->lock);
    Member *member = find_member(hoods, poll, error);
    if (member) {
        refresh(hoods, member, poll, now_ms);
        if (now_ms - member->hood->swept_ms >= hoods->poll_ms)
            sweep(hoods, member->hood, now_ms);
        take_reports(hoods, member, poll, now_ms);
        fill_answer(hoods, member->hood, poll, answer);
    }
    g_mutex_unlock(&hoods->lock);
    return member != NULL;
}

GArray *
pup_neighbourhoods_take_events(PupNeighbourhoods *hoods, gint64 now_ms)
{
    g_mutex_lock(&hoods->lock);
    g_autoptr(GList) all = g_hash_table_get_values(hoods->hoods);
    for (GList *hood = all; hood; hood = hood->next)
        sweep(hoods, hood->data, now_ms);
    GArray *events = hoods->events;
    hoods->events = new_events();
    g_mutex_unlock(&hoods->lock);
    return events;
}

gboolean
pup_neighbourhoods_stats(PupNeighbourhoods *hoods, const char *mac, PupSeatStats *stats)
{
    g_mutex_lock(&hoods->lock);
    const Member *member = g_hash_table_lookup(hoods->members, mac);
    gboolean found = member && member->state.has_stats;
    if (found)
        *stats = member->state.stats;
    g_mutex_unlock(&hoods->lock);
    return found;
}

GArray *
pup_neighbourhoods_list(PupNeighbourhoods *hoods)
{
    GArray *list = g_array_new(FALSE, TRUE, sizeof(PupPeerState));
    GHashTableIter iter;
    gpointer member;
    g_mutex_lock(&hoods->lock);
    g_hash_table_iter_init(&iter, hoods->members);
    while (g_hash_table_iter_next(&iter, NULL, &member))
        g_array_append_val(list, ((Member *) member)->state);
    g_mutex_unlock(&hoods->lock);
    return list;
}
