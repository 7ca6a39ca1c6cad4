/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/avoid.h"

#define CORRUPT_US (5 * 60 * G_USEC_PER_SEC)
#define FIRST_US (G_USEC_PER_SEC / 2)
#define LONGEST_US (30 * G_USEC_PER_SEC)

typedef struct {
    gboolean corrupt;
    unsigned strikes; /* slow or unreachable, in a row */
    gint64 until_us;
} Record;

struct PupAvoid {
    GHashTable *records; /* who -> Record */
};

const char *
pup_fault_name(PupFault fault)
{
    static const char *const names[] = {
        [PUP_FAULT_CORRUPT] = "corrupt",
        [PUP_FAULT_SLOW] = "slow",
        [PUP_FAULT_UNREACHABLE] = "unreachable",
    };

    return names[fault];
}

PupAvoid *
pup_avoid_new(void)
{
    PupAvoid *avoid = g_new0(PupAvoid, 1);

    avoid->records = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return avoid;
}

void
pup_avoid_free(PupAvoid *avoid)
{
    if (!avoid)
        return;
    g_hash_table_destroy(avoid->records);
    g_free(avoid);
}

static Record *
record_of(PupAvoid *avoid, const char *who)
{
    Record *record = g_hash_table_lookup(avoid->records, who);

    if (!record) {
        record = g_new0(Record, 1);
        g_hash_table_insert(avoid->records, g_strdup(who), record);
    }
    return record;
}

gboolean
pup_avoid_blame(PupAvoid *avoid, const char *who, PupFault fault, gint64 now_us)
{
    Record *record = record_of(avoid, who);
    unsigned free_strikes = fault == PUP_FAULT_SLOW;

    if (fault == PUP_FAULT_CORRUPT) {
        record->corrupt = TRUE;
        record->until_us = now_us + CORRUPT_US;
        return TRUE;
    }
    /* Those that were under way when it began tell nothing new. */
    if (now_us < record->until_us)
        return FALSE;
    if (record->strikes >= free_strikes) {
        unsigned doublings = MIN(record->strikes - free_strikes, 10u);
        record->until_us = now_us + MIN((gint64) FIRST_US << doublings, LONGEST_US);
    }
    record->strikes++;
    return record->strikes == 2;
}

void
pup_avoid_forgive(PupAvoid *avoid, const char *who)
{
    Record *record = g_hash_table_lookup(avoid->records, who);

    if (record && !record->corrupt)
        g_hash_table_remove(avoid->records, who);
}

gboolean
pup_avoid_is(const PupAvoid *avoid, const char *who, gint64 now_us)
{
    const Record *record = g_hash_table_lookup(avoid->records, who);

    return record && now_us < record->until_us;
}
