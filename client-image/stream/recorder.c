/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/recorder.h"

#include <pthread.h>

#include "lib/boot_profile.h"

struct PupRecorder {
    pthread_mutex_t lock;
    guint64 n_chunks;
    guint32 *touched; /* bit map; NULL: it is over */
    GArray *positions;
    gint64 first_us;
    gint64 last_us; /* when a new chunk was touched last */
};

PupRecorder *
pup_recorder_new(guint64 n_chunks)
{
    PupRecorder *recorder = g_new0(PupRecorder, 1);

    pthread_mutex_init(&recorder->lock, NULL);
    recorder->n_chunks = n_chunks;
    recorder->touched = g_new0(guint32, n_chunks / 32 + 1);
    recorder->positions = g_array_new(FALSE, FALSE, sizeof(guint32));
    return recorder;
}

void
pup_recorder_free(PupRecorder *recorder)
{
    if (!recorder)
        return;
    g_free(recorder->touched);
    g_array_free(recorder->positions, TRUE);
    pthread_mutex_destroy(&recorder->lock);
    g_free(recorder);
}

static void
touch(PupRecorder *recorder, guint32 position, gint64 now_us)
{
    guint32 *word = &recorder->touched[position / 32];
    guint32 bit = 1u << (position % 32);

    if (*word & bit || recorder->positions->len == PUP_BOOT_PROFILE_MAX)
        return;
    *word |= bit;
    if (recorder->positions->len == 0)
        recorder->first_us = now_us;
    recorder->last_us = now_us;
    g_array_append_val(recorder->positions, position);
}

void
pup_recorder_touch(PupRecorder *recorder, guint64 first, guint64 last, gint64 now_us)
{
    pthread_mutex_lock(&recorder->lock);
    for (guint64 i = first; recorder->touched && i <= last && i < recorder->n_chunks; i++)
        touch(recorder, (guint32) i, now_us);
    pthread_mutex_unlock(&recorder->lock);
}

void
pup_recorder_end(PupRecorder *recorder)
{
    pthread_mutex_lock(&recorder->lock);
    g_clear_pointer(&recorder->touched, g_free);
    pthread_mutex_unlock(&recorder->lock);
}

gboolean
pup_recorder_is_over(PupRecorder *recorder, gint64 now_us)
{
    gboolean over;

    pthread_mutex_lock(&recorder->lock);
    if (recorder->touched && recorder->positions->len > 0 &&
        ((recorder->positions->len > PUP_RECORDER_FEW &&
          now_us - recorder->last_us >= PUP_RECORDER_QUIET_US) ||
         now_us - recorder->first_us >= PUP_RECORDER_MAX_US ||
         recorder->positions->len == PUP_BOOT_PROFILE_MAX))
        g_clear_pointer(&recorder->touched, g_free);
    over = !recorder->touched;
    pthread_mutex_unlock(&recorder->lock);
    return over;
}

GArray *
pup_recorder_positions(PupRecorder *recorder)
{
    GArray *positions;

    pthread_mutex_lock(&recorder->lock);
    positions = g_array_copy(recorder->positions);
    pthread_mutex_unlock(&recorder->lock);
    return positions;
}
