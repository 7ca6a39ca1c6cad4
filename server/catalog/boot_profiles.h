/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * boot_profiles - what seats saw of their guests' starts, and what a version makes of it
 *
 * Each seat uploads one boot profile (lib/boot_profile.h) a version, the newest counts:
 *
 *     STATE/boot-profiles/ROOM/VERSION/MAC      its plain bytes, replaced atomically
 *
 * The version's own profile is merged out of them when it is asked for, with the one that
 * it inherited as one vote more, and kept until an upload changes: thirty seats that ask
 * cost one merge. All of it is a hint and may be
 * deleted at any time; a file that cannot be read counts as one that is not there.
 *
 * Whether a room and a version exist, the caller knows. Names of rooms and MACs are
 * checked ones (lib/ident.h).
 *
 * Threads: any. Several processes may read and forget; one, the daemon, writes.
 */
#pragma once

#include "lib/boot_profile.h"

/* Uploads that are kept of a version, the newest; more of them change no median. */
#define PUP_BOOT_PROFILE_UPLOADS 16u

typedef struct PupBootProfiles PupBootProfiles;

/* The uploads under @dir, which need not exist; never NULL. */
PupBootProfiles *pup_boot_profiles_new(const char *dir);
void pup_boot_profiles_free(PupBootProfiles *profiles);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupBootProfiles, pup_boot_profiles_free)

/* Keep @positions (of guint32, as pup_boot_profile_parse() gives them) as what the seat
 * @mac saw of @room@@version. Errors: IO, NO_SPACE. */
gboolean pup_boot_profiles_put(PupBootProfiles *profiles, const char *room,
                               unsigned version, const char *mac, const GArray *positions,
                               GError **error);

/* The profile that the uploads of @room@@version, a disk of @n_chunks chunks, and
 * @inherited (plain bytes, what the version was published with; NULL: nothing) merge to:
 * plain bytes, a new reference. *@n_seats: of how many seats. NULL when there are no
 * uploads, or nothing remains of them. */
GBytes *pup_boot_profiles_merged(PupBootProfiles *profiles, const char *room,
                                 unsigned version, guint64 n_chunks, GBytes *inherited,
                                 unsigned *n_seats);

/* The rooms that have uploads, by their folders; NULL-terminated, g_strfreev(). */
char **pup_boot_profiles_rooms(PupBootProfiles *profiles);

/* Forget the uploads of @room but those of @versions (of unsigned; NULL: of all); with
 * @dry_run only count. Adds to *@n_files and *@bytes what that is (may be NULL). Errors:
 * those of unlink(). */
gboolean pup_boot_profiles_keep(PupBootProfiles *profiles, const char *room,
                                const GArray *versions, gboolean dry_run,
                                unsigned *n_files, guint64 *bytes, GError **error);
