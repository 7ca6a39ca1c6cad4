/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A label is not checked when it is counted, which would cost a look into the store for
 * each chunk; who takes the counts drops the versions that do not exist. What a client
 * that makes labels up can cost is bounded by the labels of a part.
 */
#include "config.h"

#include "server/http/traffic.h"

#include <string.h>

#define N_PARTS 16u
#define PART_LABELS_MAX 64u
#define HUNDREDS_MAX 6u

typedef struct {
    GMutex lock;
    GHashTable *sent; /* label -> PupTrafficSent, which holds the label */
    guint64 answers[PUP_TRAFFIC_ROUTES_MAX][HUNDREDS_MAX];
} Part;

struct PupTraffic {
    Part parts[N_PARTS];
};

PupTraffic *
pup_traffic_new(void)
{
    PupTraffic *traffic = g_new0(PupTraffic, 1);
    for (unsigned i = 0; i < N_PARTS; i++) {
        Part *part = &traffic->parts[i];
        g_mutex_init(&part->lock);
        part->sent = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    }
    return traffic;
}

void
pup_traffic_free(PupTraffic *traffic)
{
    if (!traffic)
        return;
    for (unsigned i = 0; i < N_PARTS; i++) {
        g_hash_table_unref(traffic->parts[i].sent);
        g_mutex_clear(&traffic->parts[i].lock);
    }
    g_free(traffic);
}

/* The calling thread's. Two threads may fall upon one: they share its lock. */
static Part *
my_part(PupTraffic *traffic)
{
    GThread *self = g_thread_self();
    return &traffic
                ->parts[g_int64_hash(&(gint64){GPOINTER_TO_SIZE(self) / 64}) % N_PARTS];
}

static PupTrafficSent *
sent_of(Part *part, const char *label)
{
    PupTrafficSent *sent = g_hash_table_lookup(part->sent, label);
    if (sent || g_hash_table_size(part->sent) >= PART_LABELS_MAX ||
        strlen(label) >= sizeof sent->label)
        return sent;
    sent = g_new0(PupTrafficSent, 1);
    g_strlcpy(sent->label, label, sizeof sent->label);
    g_hash_table_insert(part->sent, sent->label, sent);
    return sent;
}

void
pup_traffic_add(PupTraffic *traffic, const PupTrafficAnswer *answer)
{
    unsigned route = MIN(answer->route, PUP_TRAFFIC_ROUTES_MAX - 1);
    unsigned hundreds = MIN(answer->status / 100, HUNDREDS_MAX - 1);
    Part *part = my_part(traffic);
    g_mutex_lock(&part->lock);
    part->answers[route][hundreds]++;
    PupTrafficSent *sent = answer->version ? sent_of(part, answer->version) : NULL;
    if (sent) {
        sent->chunks++;
        sent->bytes += answer->bytes;
    }
    g_mutex_unlock(&part->lock);
}

GArray *
pup_traffic_take_sent(PupTraffic *traffic)
{
    GArray *all = g_array_new(FALSE, TRUE, sizeof(PupTrafficSent));
    for (unsigned i = 0; i < N_PARTS; i++) {
        Part *part = &traffic->parts[i];
        GHashTableIter iter;
        gpointer sent;
        g_mutex_lock(&part->lock);
        g_hash_table_iter_init(&iter, part->sent);
        while (g_hash_table_iter_next(&iter, NULL, &sent))
            g_array_append_vals(all, sent, 1);
        g_hash_table_remove_all(part->sent);
        g_mutex_unlock(&part->lock);
    }
    return all;
}

guint64
pup_traffic_answers(PupTraffic *traffic, unsigned route, unsigned hundreds)
{
    guint64 n = 0;
    g_return_val_if_fail(route < PUP_TRAFFIC_ROUTES_MAX && hundreds < HUNDREDS_MAX, 0);
    for (unsigned i = 0; i < N_PARTS; i++) {
        Part *part = &traffic->parts[i];
        g_mutex_lock(&part->lock);
        n += part->answers[route][hundreds];
        g_mutex_unlock(&part->lock);
    }
    return n;
}
