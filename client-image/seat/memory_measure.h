/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory_measure - how much memory is free, found when it means something
 *
 * While a PC starts, much memory is taken for a moment: by the programs that ask QEMU
 * what it can do, by what the image unpacks. A PC with plenty need not wait for that to
 * be over. Where the plan would be tight, or impossible, what runs is awaited and the
 * memory watched until no more of it comes free: then the plan is made, for good or bad.
 * A later measure that differs by little is the same: a room that does not fit does not
 * fit at each try.
 *
 * What the kernel calls available is the right measure: it counts the page cache, which
 * can be given up, and counts neither files in a tmpfs nor what zram holds, which cannot.
 *
 * Threads: one at a time; may take ten seconds.
 */
#pragma once

#include "client-image/seat/memory_plan.h"

/* Whom to ask; pup_memory_read() and a real clock on a seat. */
typedef struct {
    gboolean (*read)(gpointer user, guint64 *total_mib, guint64 *available_mib,
                     GError **error);
    void (*settle)(gpointer user); /* await what runs for a moment only */
    void (*sleep)(gpointer user, unsigned ms);
    gpointer user;
} PupMemorySource;

typedef struct {
    guint64 total_mib, available_mib;
    guint64 settled_mib; /* available when all was quiet for the first time; 0: not yet */
} PupMemory;

/* Measure into *@memory, which is that of the time before, or zero, and plan with it as
 * pup_memory_plan() does. Errors: those of read() and of pup_memory_plan(); *@memory is
 * set in the latter case. */
gboolean pup_memory_measure(const PupMemorySource *source, const PupGuest *guest,
                            guint64 cache_mib, PupMemory *memory, PupMemoryPlan *plan,
                            GError **error);
