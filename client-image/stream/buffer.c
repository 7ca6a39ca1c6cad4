/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/buffer.h"

#include <pthread.h>

struct PupPool {
    pthread_mutex_t lock;
    size_t len;
    unsigned n_max;
    unsigned n_kept;
    PupBuffer *kept[];
};

PupBuffer *
pup_buffer_new(size_t len)
{
    PupBuffer *buffer = g_malloc(sizeof *buffer + len);

    buffer->refs = 1;
    buffer->len = len;
    buffer->pool = NULL;
    return buffer;
}

PupBuffer *
pup_buffer_ref(PupBuffer *buffer)
{
    if (buffer)
        g_atomic_int_inc(&buffer->refs);
    return buffer;
}

/* TRUE when @pool has taken @buffer. */
static gboolean
keep(PupPool *pool, PupBuffer *buffer)
{
    gboolean kept;

    pthread_mutex_lock(&pool->lock);
    kept = pool->n_kept < pool->n_max;
    if (kept)
        pool->kept[pool->n_kept++] = buffer;
    pthread_mutex_unlock(&pool->lock);
    return kept;
}

void
pup_buffer_unref(PupBuffer *buffer)
{
    if (!buffer || !g_atomic_int_dec_and_test(&buffer->refs))
        return;
    if (!buffer->pool || !keep(buffer->pool, buffer))
        g_free(buffer);
}

PupPool *
pup_pool_new(size_t len, unsigned max_kept)
{
    PupPool *pool = g_malloc0(sizeof *pool + max_kept * sizeof(PupBuffer *));

    pthread_mutex_init(&pool->lock, NULL);
    pool->len = len;
    pool->n_max = max_kept;
    return pool;
}

void
pup_pool_free(PupPool *pool)
{
    if (!pool)
        return;
    while (pool->n_kept > 0)
        g_free(pool->kept[--pool->n_kept]);
    pthread_mutex_destroy(&pool->lock);
    g_free(pool);
}

PupBuffer *
pup_pool_take(PupPool *pool)
{
    PupBuffer *buffer = NULL;

    pthread_mutex_lock(&pool->lock);
    if (pool->n_kept > 0)
        buffer = pool->kept[--pool->n_kept];
    pthread_mutex_unlock(&pool->lock);
    if (!buffer)
        buffer = pup_buffer_new(pool->len);
    buffer->pool = pool;
    g_atomic_int_set(&buffer->refs, 1);
    return buffer;
}
