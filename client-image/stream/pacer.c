/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/pacer.h"

#define CREDIT_US (G_USEC_PER_SEC / 4)

gint64
pup_pacer_take(PupPacer *pacer, size_t len, guint64 bytes_s, gint64 now_us,
               gint64 max_wait_us)
{
    gint64 begin_us = MAX(pacer->busy_until_us, now_us - CREDIT_US);

    if (bytes_s == 0)
        return now_us;
    if (begin_us > now_us + max_wait_us)
        return G_MAXINT64;
    pacer->busy_until_us = begin_us + (gint64) (len * G_USEC_PER_SEC / bytes_s);
    return begin_us;
}
