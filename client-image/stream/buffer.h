/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * buffer - bytes that several threads read and the last one frees
 *
 * Filled by whoever made it, before anybody else sees it; never changed after. GBytes
 * would do, but its counting happens inside libglib, where the thread sanitizer cannot
 * see it; for the same reason this folder locks with pthread mutexes.
 *
 * Threads: any.
 */
#pragma once

#include <glib.h>

typedef struct PupPool PupPool;

typedef struct {
    gint refs; /* atomic */
    size_t len;
    PupPool *pool; /* goes back there; NULL: is freed */
    guint8 data[];
} PupBuffer;

/* A new buffer of @len bytes, their content undefined. */
PupBuffer *pup_buffer_new(size_t len);

/* Another reference to @buffer (may be NULL). */
PupBuffer *pup_buffer_ref(PupBuffer *buffer);

/* Give a reference of @buffer (may be NULL) back. */
void pup_buffer_unref(PupBuffer *buffer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupBuffer, pup_buffer_unref)

/* A pool of buffers of one size, for what comes and goes all the time: malloc() would
 * give such large pieces back to the system and have them faulted in again. Keeps at most
 * @max_kept that nobody uses. */
PupPool *pup_pool_new(size_t len, unsigned max_kept);

/* All its buffers must have been given back. */
void pup_pool_free(PupPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupPool, pup_pool_free)

/* A buffer out of @pool, its content undefined. */
PupBuffer *pup_pool_take(PupPool *pool);
