/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/catalog/seat_stats.h"

#include "lib/json.h"

#define FIELD(name)                                                                      \
    {                                                                                    \
#name, offsetof(PupSeatStats, name)                                              \
    }

const PupSeatStatsField pup_seat_stats_fields[] = {
    FIELD(memory_bytes), FIELD(disk_bytes),     FIELD(peer_bytes),
    FIELD(server_bytes), FIELD(served_bytes),   FIELD(reads),
    FIELD(hits),         FIELD(read_p50_us),    FIELD(read_p90_us),
    FIELD(read_p99_us),  FIELD(profile_chunks), FIELD(profile_present),
    FIELD(warm_version), FIELD(warm_done),      FIELD(warm_total),
    {NULL, 0},
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

json_t *
pup_seat_stats_json(const PupSeatStats *stats)
{
    json_t *object = json_object();
    double ratio = pup_seat_stats_hit_ratio(stats);
    for (const PupSeatStatsField *field = pup_seat_stats_fields; field->key; field++)
        json_object_set_new(object, field->key,
                            json_integer((json_int_t) pup_seat_stats_get(stats, field)));
    json_object_set_new(object, "hit_ratio", ratio < 0 ? json_null() : json_real(ratio));
    return object;
}

double
pup_seat_stats_hit_ratio(const PupSeatStats *stats)
{
    return stats->reads ? (double) stats->hits / (double) stats->reads : -1;
}
