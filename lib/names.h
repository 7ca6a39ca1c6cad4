/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * names - the names of many chunks at once
 *
 * Pure; any thread.
 */
#pragma once

#include "lib/chunk.h"

/* As pup_name_of() of each of the @n plain chunks (PUP_CHUNK_BYTES) at @plains. */
void pup_names_of(const guint8 *const *plains, unsigned n, PupName *names);

/* How many this CPU names at a time: so many cost it little more than three. 1: one after
 * the other is as fast. */
unsigned pup_names_lanes(void);
/* pup_names_of() with that many lanes, for tests. FALSE: this CPU cannot. */
gboolean pup_names_of_lanes(unsigned lanes, const guint8 *const *plains, unsigned n,
                            PupName *names);
