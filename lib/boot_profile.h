/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * boot_profile - which chunks a guest touches from power-on until it is ready, and when
 *
 * Chunk positions in order of first touch (doc/formats.md, "Boot profile"). Positions,
 * not names: a new version of a disk inherits the profile of the one before. It is a
 * hint: a wrong one costs time and never a byte, so it carries no signature of its own.
 *
 *     bytes = pup_boot_profile_format(positions, n)               the seat, uploading
 *     one = pup_boot_profile_parse(data, len, n_chunks, &error)   whoever receives it
 *     merged = pup_boot_profile_merge(several)                    the server
 *
 * In memory a profile is a GArray of guint32 positions.
 *
 * Pure; any thread.
 */
#pragma once

#include "lib/chunk.h"

#define PUP_BOOT_PROFILE_FORMAT 1u
/* Magic, format, number of positions. */
#define PUP_BOOT_PROFILE_HEAD_BYTES 16u
/* A profile fits one chunk, as it is stored as one: 32764 positions are 4 GiB of disk. */
#define PUP_BOOT_PROFILE_MAX_BYTES PUP_CHUNK_BYTES
#define PUP_BOOT_PROFILE_MAX                                                             \
    ((PUP_BOOT_PROFILE_MAX_BYTES - PUP_BOOT_PROFILE_HEAD_BYTES) / 4u)

/* The bytes of a profile of the @n (at most PUP_BOOT_PROFILE_MAX) @positions, none of
 * them twice. A new GBytes, without padding. */
GBytes *pup_boot_profile_format(const guint32 *positions, guint n);

/* Parse the @len bytes at @data, for a disk of @n_chunks chunks; zeros may pad them up to
 * PUP_BOOT_PROFILE_MAX_BYTES. A new GArray of guint32. Errors: INVALID (wrong magic or
 * length, a position outside the disk or twice), UNSUPPORTED (newer format). */
GArray *pup_boot_profile_parse(const void *data, size_t len, guint64 n_chunks,
                               GError **error);

/* One profile out of @profiles (of GArray of guint32): the positions that at least half
 * of them have, rounded up (1 of 1, 1 of 2, 2 of 3), in the order of the median of their
 * relative ranks (index by length); so one odd seat of three or more neither adds nor
 * moves much. Where more than PUP_BOOT_PROFILE_MAX remain, the latest drop out. A new
 * GArray, empty for no profiles. */
GArray *pup_boot_profile_merge(GPtrArray *profiles);
