/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/memory_measure.h"

/* With so much for the overlay a passing shortage changes nothing that anybody notices.
 */
#define ROOMY_MIB 512u
#define LOOK_MS 250u
/* Settled: not so much more in so many looks. */
#define STILL_MIB 4u
#define STILL_LOOKS 4u
#define LOOKS_MAX 40u
/* What the available memory of a quiet PC wavers by. */
#define SAME_MIB 16u

static gboolean
read_memory(const PupMemorySource *source, PupMemory *memory, GError **error)
{
    return source->read(source->user, &memory->total_mib, &memory->available_mib, error);
}

static gboolean
await_settled(const PupMemorySource *source, PupMemory *memory, GError **error)
{
    guint64 most_mib;
    unsigned n_still = 0;

    source->settle(source->user);
    if (!read_memory(source, memory, error))
        return FALSE;
    most_mib = memory->available_mib;
    for (unsigned i = 0; i < LOOKS_MAX && n_still < STILL_LOOKS; i++) {
        source->sleep(source->user, LOOK_MS);
        if (!read_memory(source, memory, error))
            return FALSE;
        n_still = memory->available_mib > most_mib + STILL_MIB ? 0 : n_still + 1;
        most_mib = MAX(most_mib, memory->available_mib);
    }
    return TRUE;
}

/* By a few MiB a PC would refuse its room ten times and take it at the eleventh. */
static void
steady(PupMemory *memory)
{
    guint64 now = memory->available_mib, before = memory->settled_mib;

    if (before > 0 && MAX(now, before) - MIN(now, before) < SAME_MIB)
        memory->available_mib = before;
    else
        memory->settled_mib = now;
}

gboolean
pup_memory_measure(const PupMemorySource *source, const PupGuest *guest,
                   guint64 cache_mib, PupMemory *memory, PupMemoryPlan *plan,
                   GError **error)
{
    PupMemoryPlan first;

    if (!read_memory(source, memory, error))
        return FALSE;
    if (pup_memory_plan(memory->total_mib, memory->available_mib, guest, cache_mib,
                        &first, NULL) &&
        first.overlay_mib >= ROOMY_MIB) {
        *plan = first;
        return TRUE;
    }
    if (!await_settled(source, memory, error))
        return FALSE;
    steady(memory);
    return pup_memory_plan(memory->total_mib, memory->available_mib, guest, cache_mib,
                           plan, error);
}
