/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pacer - when the next piece may be sent, so that a rate holds
 *
 * A token bucket, seen from the other side: it says until when all that was sent keeps
 * the line busy at the rate. A quarter of a second of silence is credit.
 *
 * Does no waiting of its own: times are arguments. Threads: not locked; the owner
 * serialises.
 */
#pragma once

#include <glib.h>

typedef struct {
    gint64 busy_until_us;
} PupPacer;

/* When @len bytes may be sent at @bytes_s (0: no limit), which counts them as sent. At
 * once: @now_us or before. G_MAXINT64, and nothing is counted, when that would be more
 * than @max_wait_us away. */
gint64 pup_pacer_take(PupPacer *pacer, size_t len, guint64 bytes_s, gint64 now_us,
                      gint64 max_wait_us);
