/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory_plan - who gets how much of the PC's memory
 *
 * Nothing on the seat can be swapped out, so what is handed out must be there: the
 * guest's memory, the cache of the stream, the memory that the overlay may fill, and
 * what the programs themselves need. Pure; any thread.
 */
#pragma once

#include "lib/guest.h"

typedef struct {
    guint64 guest_mib;
    guint64 cache_mib;
    guint64 overlay_mib; /* as the overlay's compressed size, where it is compressed */
} PupMemoryPlan;

/* Share @total_mib of memory, of which @available_mib is free now, by @guest's wishes and
 * @cache_mib (0: no wish). A share in percent is cut to what the PC has; a size in MiB
 * that does not fit is an error. Errors: NO_SPACE. */
gboolean pup_memory_plan(guint64 total_mib, guint64 available_mib, const PupGuest *guest,
                         guint64 cache_mib, PupMemoryPlan *plan, GError **error);
