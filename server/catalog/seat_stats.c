/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/catalog/seat_stats.h"

#include "lib/json.h"

#define FIELD(name, sums_up)                                                             \
    {                                                                                    \
#name, offsetof(PupSeatStats, name), sums_up                                     \
    }

const PupSeatStatsField pup_seat_stats_fields[] = {
    FIELD(memory_bytes, TRUE),
    FIELD(disk_bytes, TRUE),
    FIELD(peer_bytes, TRUE),
    FIELD(server_bytes, TRUE),
    FIELD(served_bytes, TRUE),
    FIELD(reads, TRUE),
    FIELD(hits, TRUE),
    FIELD(read_p50_us, FALSE),
    FIELD(read_p90_us, FALSE),
    FIELD(read_p99_us, FALSE),
    FIELD(profile_chunks, FALSE),
    FIELD(profile_present, FALSE),
    FIELD(warm_version, FALSE),
    FIELD(warm_done, FALSE),
    FIELD(warm_total, FALSE),
    {NULL, 0, FALSE},
};

guint64
pup_seat_stats_get(const PupSeatStats *stats, const PupSeatStatsField *field)
{
    return G_STRUCT_MEMBER(guint64, stats, field->offset);
}

gboolean
pup_seat_stats_parse(const char *what, json_t *object, PupSeatStats *stats,
                     GError **error)
{
    PupJsonReader r = PUP_JSON_READER(what, object, error);
    PupSeatStats read = {0};
    for (const PupSeatStatsField *field = pup_seat_stats_fields; field->key; field++)
        if (pup_json_has(&r, field->key))
            G_STRUCT_MEMBER(guint64, &read, field->offset) =
                pup_json_uint(&r, field->key, 0, G_MAXINT64);
    if (r.failed)
        return FALSE;
    *stats = read;
    return TRUE;
}

static json_t *
json_of(const PupSeatStats *stats, gboolean sums_only)
{
    json_t *object = json_object();
    double ratio = pup_seat_stats_hit_ratio(stats);
    for (const PupSeatStatsField *field = pup_seat_stats_fields; field->key; field++)
        if (field->sums || !sums_only)
            json_object_set_new(
                object, field->key,
                json_integer((json_int_t) pup_seat_stats_get(stats, field)));
    json_object_set_new(object, "hit_ratio", ratio < 0 ? json_null() : json_real(ratio));
    return object;
}

json_t *
pup_seat_stats_json(const PupSeatStats *stats)
{
    return json_of(stats, FALSE);
}

json_t *
pup_seat_stats_sum_json(const PupSeatStats *sum)
{
    return json_of(sum, TRUE);
}

double
pup_seat_stats_hit_ratio(const PupSeatStats *stats)
{
    return stats->reads ? (double) stats->hits / (double) stats->reads : -1;
}

/* Of two numbers that JSON can hold, at most the largest one of these: a seat may say
 * what it likes. */
static guint64
bounded_sum(guint64 a, guint64 b)
{
    return MIN(a + b, (guint64) G_MAXINT64);
}

void
pup_seat_stats_add(PupSeatStats *sum, const PupSeatStats *stats)
{
    for (const PupSeatStatsField *field = pup_seat_stats_fields; field->key; field++)
        if (field->sums)
            G_STRUCT_MEMBER(guint64, sum, field->offset) = bounded_sum(
                pup_seat_stats_get(sum, field), pup_seat_stats_get(stats, field));
}
