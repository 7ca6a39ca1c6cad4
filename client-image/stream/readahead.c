/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/readahead.h"

/* So many chunks of a run let us look one chunk further. */
#define RUN_PER_AHEAD 4u
/* Behind a single chunk: a read of so much is probably part of a larger one. */
#define LARGE_BYTES 16384u

struct PupReadahead {
    guint64 n_chunks;
    unsigned max_ahead;
    guint64 keep;
    guint64 n_marked;
    guint32 *was_read; /* bit maps */
    guint32 *was_named;
    guint32 *is_listed;
};

static guint64
map_words(guint64 n_chunks)
{
    return n_chunks / 32 + 1;
}

PupReadahead *
pup_readahead_new(guint64 n_chunks, unsigned max_ahead, guint64 keep)
{
    PupReadahead *readahead = g_new0(PupReadahead, 1);

    readahead->n_chunks = n_chunks;
    readahead->max_ahead = max_ahead;
    readahead->keep = keep;
    readahead->was_read = g_new0(guint32, map_words(n_chunks));
    readahead->was_named = g_new0(guint32, map_words(n_chunks));
    readahead->is_listed = g_new0(guint32, map_words(n_chunks));
    return readahead;
}

void
pup_readahead_free(PupReadahead *readahead)
{
    if (!readahead)
        return;
    g_free(readahead->was_read);
    g_free(readahead->was_named);
    g_free(readahead->is_listed);
    g_free(readahead);
}

static gboolean
has(const guint32 *map, guint64 i)
{
    return map[i / 32] >> (i % 32) & 1;
}

void
pup_readahead_list(PupReadahead *readahead, const GArray *positions)
{
    for (guint i = 0; i < positions->len; i++) {
        guint32 at = g_array_index(positions, guint32, i);
        readahead->is_listed[at / 32] |= 1u << (at % 32);
    }
}

static void
mark(PupReadahead *readahead, guint32 *map, guint64 i)
{
    readahead->n_marked += !has(map, i);
    map[i / 32] |= 1u << (i % 32);
}

static void
forget_if_many(PupReadahead *readahead)
{
    if (readahead->n_marked < readahead->keep)
        return;
    memset(readahead->was_read, 0, map_words(readahead->n_chunks) * sizeof(guint32));
    memset(readahead->was_named, 0, map_words(readahead->n_chunks) * sizeof(guint32));
    readahead->n_marked = 0;
}

/* Chunks that were read without a gap up to @last, as far as it matters. */
static unsigned
run_up_to(const PupReadahead *readahead, guint64 last)
{
    unsigned run = 0;

    while (run < readahead->max_ahead * RUN_PER_AHEAD && run <= last &&
           has(readahead->was_read, last - run))
        run++;
    return run;
}

unsigned
pup_readahead_note(PupReadahead *readahead, guint64 first, guint64 last, guint32 n_bytes,
                   guint64 *from)
{
    unsigned run, n_ahead;
    guint64 next = last + 1, until;

    forget_if_many(readahead);
    for (guint64 i = first; i <= last; i++)
        mark(readahead, readahead->was_read, i);
    run = run_up_to(readahead, last);
    if (readahead->max_ahead == 0 || has(readahead->is_listed, last) ||
        (run < 2 && n_bytes < LARGE_BYTES))
        return 0;
    n_ahead = CLAMP(run / RUN_PER_AHEAD, 1, readahead->max_ahead);
    until = MIN(next + n_ahead, readahead->n_chunks);
    while (next < until &&
           (has(readahead->was_read, next) || has(readahead->was_named, next)))
        next++;
    *from = next;
    for (guint64 i = next; i < until; i++)
        mark(readahead, readahead->was_named, i);
    return (unsigned) (until - next);
}
