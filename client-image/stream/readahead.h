/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * readahead - which chunks a guest will probably read next
 *
 * Remembers which chunks were read. Behind a run of chunks that were read, in whatever
 * order, it looks ahead the further the longer the run is; behind a single one only when
 * the read was a large one. On a recorded boot (tests/bench/boot.trace) that foresees
 * half of all chunks, and one in five of its guesses is wrong; following single streams
 * foresaw less at the same cost.
 *
 * Each chunk is named once. After as many as are worth keeping it forgets everything:
 * what is read a second time, then no longer in memory, is foreseen again.
 *
 * Threads: not locked; the owner serialises.
 */
#pragma once

#include <glib.h>

typedef struct PupReadahead PupReadahead;

/* For a disk of @n_chunks; look at most @max_ahead ahead (0: never); forget after
 * @keep chunks. Two bits of memory a chunk. */
PupReadahead *pup_readahead_new(guint64 n_chunks, unsigned max_ahead, guint64 keep);
void pup_readahead_free(PupReadahead *readahead);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupReadahead, pup_readahead_free)

/* A guest reads @n_bytes from chunks @first to @last. Returns the number of chunks to get
 * ready, and in *@from the first of them. */
unsigned pup_readahead_note(PupReadahead *readahead, guint64 first, guint64 last,
                            guint32 n_bytes, guint64 *from);
