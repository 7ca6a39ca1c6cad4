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

typedef struct {
    gint refs; /* atomic */
    size_t len;
    guint8 data[];
} PupBuffer;

/* A new buffer of @len bytes, their content undefined. */
static inline PupBuffer *
pup_buffer_new(size_t len)
{
    PupBuffer *buffer = g_malloc(sizeof *buffer + len);

    buffer->refs = 1;
    buffer->len = len;
    return buffer;
}

/* Another reference to @buffer (may be NULL). */
static inline PupBuffer *
pup_buffer_ref(PupBuffer *buffer)
{
    if (buffer)
        g_atomic_int_inc(&buffer->refs);
    return buffer;
}

static inline void
pup_buffer_unref(PupBuffer *buffer)
{
    if (buffer && g_atomic_int_dec_and_test(&buffer->refs))
        g_free(buffer);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupBuffer, pup_buffer_unref)
