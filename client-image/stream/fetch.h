/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fetch - threads that get chunks from a source, check them, and try again
 *
 * How urgent a chunk is, and what goes first: client-image/stream/queue.h. What is wanted
 * NOW is tried for ever, with a growing delay of at most two seconds; in between the
 * thread serves others, so that one chunk that is damaged on the server does not hold up
 * the rest. What else was wanted and fails is given up.
 *
 * A thread that has nothing to do asks for more: so a list of any length (the boot
 * profile) is walked as fast as it goes, and never queues up in front of anything.
 *
 * What the boot profile lists is put aside as it comes, until there are as many as are
 * named fastest together (lib/names.h), until a thread has nothing else to do, or until
 * somebody hurries one of them. When one of many turns out wrong, it is fetched once more
 * and judged alone.
 *
 * Threads: any. The callbacks run without locks held, on fetching threads and on those
 * that call pup_fetch_check().
 */
#pragma once

#include "client-image/stream/buffer.h"
#include "client-image/stream/queue.h"
#include "client-image/stream/report.h"
#include "client-image/stream/source.h"

typedef struct PupFetch PupFetch;

/* Called once for each chunk that was wanted, unless pup_fetch_free() comes first: with
 * its @encoded and checked @plain bytes (take references to keep them), or with NULL for
 * both when it was given up. */
typedef void (*PupFetchDone)(gpointer user, const PupName *name, PupBuffer *encoded,
                             PupBuffer *plain);

/* A thread is idle. TRUE when something was wanted (pup_fetch_want()) in the call. */
typedef gboolean (*PupFetchIdle)(gpointer user);

typedef struct {
    PupSource *source; /* borrowed */
    PupReport *report; /* borrowed */
    PupPool *plains;   /* borrowed: buffers of PUP_CHUNK_BYTES */
    unsigned n_threads;
    unsigned batch; /* so many of what the boot profile lists are checked together; 0: as
                       many as this CPU names fastest */
    PupFetchDone done;
    PupFetchIdle idle;
    gpointer user;
} PupFetchConfig;

/* Start @config->n_threads threads (1 ..). */
PupFetch *pup_fetch_new(const PupFetchConfig *config);

/* End all requests at once, join the threads. */
void pup_fetch_free(PupFetch *fetch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupFetch, pup_fetch_free)

/* Want the chunk @name. When it is wanted already, the more urgent overrules. */
void pup_fetch_want(PupFetch *fetch, const PupName *name, PupUrgency urgency);

/* Make a chunk that is wanted at least as urgent; nothing when it is not wanted at all.
 * TRUE when it has come and waits to be checked: pup_fetch_check() is the quickest then.
 */
gboolean pup_fetch_hurry(PupFetch *fetch, const PupName *name, PupUrgency urgency);

/* Check what has come and waits for it, on this thread, which holds no locks. Calls done
 * for each. */
void pup_fetch_check(PupFetch *fetch);

/* Encoded bytes that have come and were not checked yet. */
size_t pup_fetch_parked_bytes(PupFetch *fetch);

/* There is more to do for idle threads than they were told. */
void pup_fetch_wake(PupFetch *fetch);
