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
 * Behind a chunk that the boot profile lists it does not look: what is read after it is
 * listed, too, and fetched as it is; every further guess would be wrong.
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
 * @keep chunks. Three bits of memory a chunk. */
PupReadahead *pup_readahead_new(guint64 n_chunks, unsigned max_ahead, guint64 keep);
void pup_readahead_free(PupReadahead *readahead);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupReadahead, pup_readahead_free)

/* The boot profile lists @positions (of guint32), below the disk's number of chunks. */
void pup_readahead_list(PupReadahead *readahead, const GArray *positions);

/* A guest reads @n_bytes from chunks @first to @last. Returns the number of chunks to get
 * ready, and in *@from the first of them. */
unsigned pup_readahead_note(PupReadahead *readahead, guint64 first, guint64 last,
                            guint32 n_bytes, guint64 *from);
