/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/readahead.h"

#define N_STREAMS 16u
/* A run of this many chunks makes a stream. */
#define RUN_MIN 2u

typedef struct {
    guint64 last;  /* chunk read last */
    guint64 ahead; /* first chunk not yet asked for */
    unsigned run;  /* chunks read in sequence; 0: slot unused */
    unsigned window;
    guint64 used; /* tick of the last read */
} Stream;

struct PupReadahead {
    unsigned max_chunks;
    guint64 tick;
    Stream streams[N_STREAMS];
};

PupReadahead *
pup_readahead_new(unsigned max_chunks)
{
    PupReadahead *readahead = g_new0(PupReadahead, 1);

    readahead->max_chunks = max_chunks;
    return readahead;
}

void
pup_readahead_free(PupReadahead *readahead)
{
    g_free(readahead);
}

/* The stream that a read of @first goes on with, else the slot to begin one in. A read
 * may also come a little out of order: several are under way at a time. */
static Stream *
find(PupReadahead *readahead, guint64 first, gboolean *goes_on)
{
    Stream *oldest = &readahead->streams[0];

    for (unsigned i = 0; i < N_STREAMS; i++) {
        Stream *s = &readahead->streams[i];
        *goes_on = s->run > 0 && first + 1 >= s->last && first <= s->last + 1;
        if (*goes_on)
            return s;
        if (s->used < oldest->used)
            oldest = s;
    }
    return oldest;
}

unsigned
pup_readahead_note(PupReadahead *readahead, guint64 first, guint64 last, guint64 *from)
{
    gboolean goes_on;
    Stream *s = find(readahead, first, &goes_on);
    guint64 until;

    s->used = ++readahead->tick;
    if (!goes_on) {
        s->run = (unsigned) MIN(last - first + 1, RUN_MIN);
        s->last = last;
        s->ahead = last + 1;
        s->window = 0;
    } else if (last > s->last) {
        s->run++;
        s->last = last;
    } else {
        return 0;
    }
    if (s->run < RUN_MIN)
        return 0;
    s->window = MIN(MAX(2 * s->window, 1u), readahead->max_chunks);
    s->ahead = MAX(s->ahead, last + 1);
    until = last + 1 + s->window;
    if (until <= s->ahead)
        return 0;
    *from = s->ahead;
    s->ahead = until;
    return (unsigned) (until - *from);
}
