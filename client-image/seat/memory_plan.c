/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guest comes first, but never so far that the rest could not work. Of what it
 * leaves, the cache takes at most half: a cache that is too small costs time, an overlay
 * that is too small costs somebody's work.
 */
#include "config.h"
#include "client-image/seat/memory_plan.h"

#include "lib/error.h"

/* QEMU and its video memory, the stream's plain chunks, libvirt, the screen. */
#define PROGRAMS_MIB 160u
#define CACHE_MIN_MIB 32u
#define CACHE_MAX_MIB 2048u
#define OVERLAY_MIN_MIB 96u
#define GUEST_MIN_MIB 64u

gboolean
pup_memory_plan(guint64 total_mib, guint64 available_mib, const PupGuest *guest,
                guint64 cache_mib, PupMemoryPlan *plan, GError **error)
{
    guint64 needed = PROGRAMS_MIB + CACHE_MIN_MIB + OVERLAY_MIN_MIB;
    guint64 most = available_mib > needed ? available_mib - needed : 0;
    guint64 wanted = guest->memory_percent > 0
                         ? MIN(total_mib * guest->memory_percent / 100, most)
                         : guest->memory_mib;

    if (wanted > most || (guest->memory_percent > 0 && wanted < GUEST_MIN_MIB)) {
        pup_error_set(error, PUP_ERROR_NO_SPACE,
                      "this PC has %" G_GUINT64_FORMAT " MiB of memory and can give its "
                      "guest %" G_GUINT64_FORMAT " MiB, but the room's guest needs "
                      "%" G_GUINT64_FORMAT " MiB",
                      total_mib, most, MAX(wanted, GUEST_MIN_MIB));
        return FALSE;
    }
    guint64 left = available_mib - PROGRAMS_MIB - wanted;
    guint64 cache = cache_mib > 0 ? cache_mib : MIN(total_mib / 4, CACHE_MAX_MIB);
    cache = CLAMP(cache, CACHE_MIN_MIB, MAX(left / 2, CACHE_MIN_MIB));
    plan->guest_mib = wanted;
    plan->cache_mib = MIN(cache, left - OVERLAY_MIN_MIB);
    plan->overlay_mib = left - plan->cache_mib;
    return TRUE;
}
