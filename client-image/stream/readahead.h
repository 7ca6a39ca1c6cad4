/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * readahead - which chunks a guest will probably read next
 *
 * Follows several sequential streams at once. A chunk that follows on one just read makes
 * a run; the longer the run, the further it looks ahead. Nothing is ever guessed from a
 * single read: on a boot's scattered reads that would cost more bytes than it saves time.
 *
 * Threads: not locked; the owner serialises.
 */
#pragma once

#include <glib.h>

typedef struct PupReadahead PupReadahead;

/* Look at most @max_chunks ahead. */
PupReadahead *pup_readahead_new(unsigned max_chunks);
void pup_readahead_free(PupReadahead *readahead);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupReadahead, pup_readahead_free)

/* A guest reads chunks @first to @last. Returns the number of chunks to get ready, and in
 * *@from the first of them; each is named once a run. They may lie behind the disk's end.
 */
unsigned pup_readahead_note(PupReadahead *readahead, guint64 first, guint64 last,
                            guint64 *from);
