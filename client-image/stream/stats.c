/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/stats.h"

/* Percentiles are of about so many reads, the latest. */
#define READS_KEPT 4096u

struct PupStats {
    guint64 values[PUP_N_STATS]; /* atomic: 64 bits, which GLib's atomics are not */
    PupLatency *reads;
};

static const char *const names[PUP_N_STATS] = {
    [PUP_STAT_MEMORY_BYTES] = "memory_bytes",
    [PUP_STAT_DISK_BYTES] = "disk_bytes",
    [PUP_STAT_PEER_BYTES] = "peer_bytes",
    [PUP_STAT_SERVER_BYTES] = "server_bytes",
    [PUP_STAT_SERVED_BYTES] = "served_bytes",
    [PUP_STAT_READS] = "reads",
    [PUP_STAT_HITS] = "hits",
    [PUP_STAT_PROFILE_CHUNKS] = "profile_chunks",
    [PUP_STAT_PROFILE_PRESENT] = "profile_present",
    [PUP_STAT_WARM_VERSION] = "warm_version",
    [PUP_STAT_WARM_DONE] = "warm_done",
    [PUP_STAT_WARM_TOTAL] = "warm_total",
};

static const struct {
    const char *name;
    unsigned percent;
} percentiles[] = {
    {"read_p50_us", 50},
    {"read_p90_us", 90},
    {"read_p99_us", 99},
};

PupStats *
pup_stats_new(void)
{
    PupStats *stats = g_new0(PupStats, 1);

    stats->reads = pup_latency_new(READS_KEPT);
    return stats;
}

void
pup_stats_free(PupStats *stats)
{
    if (!stats)
        return;
    pup_latency_free(stats->reads);
    g_free(stats);
}

void
pup_stats_add(PupStats *stats, PupStat stat, guint64 n)
{
    if (stats)
        __atomic_fetch_add(&stats->values[stat], n, __ATOMIC_RELAXED);
}

void
pup_stats_set(PupStats *stats, PupStat stat, guint64 n)
{
    if (stats)
        __atomic_store_n(&stats->values[stat], n, __ATOMIC_RELAXED);
}

guint64
pup_stats_get(PupStats *stats, PupStat stat)
{
    return stats ? __atomic_load_n(&stats->values[stat], __ATOMIC_RELAXED) : 0;
}

void
pup_stats_note_read(PupStats *stats, gint64 took_us)
{
    if (stats)
        pup_latency_note(stats->reads, took_us);
}

json_t *
pup_stats_to_json(PupStats *stats)
{
    json_t *object = json_object();

    for (PupStat stat = 0; stat < PUP_N_STATS; stat++)
        json_object_set_new(object, names[stat],
                            json_integer((json_int_t) pup_stats_get(stats, stat)));
    for (unsigned i = 0; i < G_N_ELEMENTS(percentiles); i++) {
        gint64 us =
            stats ? pup_latency_percentile(stats->reads, percentiles[i].percent) : 0;
        json_object_set_new(object, percentiles[i].name, json_integer(us));
    }
    return object;
}
