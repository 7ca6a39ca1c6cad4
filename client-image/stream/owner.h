/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * owner - which seat of a neighbourhood keeps a chunk
 *
 * Rendezvous hashing (highest random weight; Thaler and Ravishankar, 1998): each seat has
 * a weight for each chunk, and the heaviest owns it. Who knows the same seats names the
 * same owner, without a word between them; when a seat leaves, its chunks alone move, and
 * spread evenly over the others.
 *
 *     for (i = 0; i < n; i++) keys[i] = pup_owner_key(mac[i])
 *     at = pup_owner_next(keys, n, &name, PUP_OWNER_NONE)      the owner
 *     at = pup_owner_next(keys, n, &name, at)                  who comes after it
 *
 * Pure.
 */
#pragma once

#include "lib/name.h"

/* No seat: before the first, after the last. */
#define PUP_OWNER_NONE G_MAXUINT

/* What stands for the seat with the MAC @mac, the text that the server's list has. */
guint64 pup_owner_key(const char *mac);

/* The index in @keys, which has @n, of the seat that comes after index @after in the
 * ranking for @name, whose bytes are a hash already. PUP_OWNER_NONE when none is left. */
guint pup_owner_next(const guint64 *keys, guint n, const PupName *name, guint after);
