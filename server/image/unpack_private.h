/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unpack_private - the three parts of unpack.h share this, and nobody else has it
 *
 *     unpack_archive.c    libarchive's reader, with our errors
 *     unpack_members.c    what is in an archive, and which of it is meant
 *     unpack_output.c     the file that is written
 *     unpack.c            the order of it all
 */
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "server/image/unpack.h"

typedef struct archive PupArchive;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupArchive, archive_read_free)

typedef struct {
    char *name;
    gboolean is_disk;
    char **extents; /* of the descriptor of a vmdk; else NULL */
    char *sum;      /* that the manifest gives, in hexadecimal; NULL for none */
    GChecksumType sum_type;
    char *manifest;  /* what it says, where it is one; else NULL */
    gboolean twice;  /* another member has its name */
    gboolean wanted; /* it is to be unpacked */
} PupUnpackMember;

typedef struct {
    const PupUnpack *job;
    guint64 bytes;      /* of the archive */
    GPtrArray *members; /* of PupUnpackMember, in the archive's order */
    GHashTable *names;  /* of the files among them, names without "./"; borrows */
    size_t manifest_bytes;
} PupUnpacking;

/* ---- unpack_archive.c: errors are CORRUPT, or CANCELLED */

/* The archive from its beginning. */
PupArchive *pup_unpack_open(const PupUnpacking *unpack, GError **error);
/* The next entry in *@entry, NULL at the end. */
gboolean pup_unpack_next(const PupUnpacking *unpack, PupArchive *archive,
                         struct archive_entry **entry, GError **error);
/* That @archive is cut short or damaged. Returns FALSE. */
gboolean pup_unpack_set_error(const PupUnpacking *unpack, PupArchive *archive,
                              GError **error);
/* TRUE when it is one compressed file, and no archive. */
gboolean pup_unpack_is_raw(PupArchive *archive);

/* ---- unpack_members.c */

void pup_unpack_member_free(gpointer member);
/* Read through the archive for its members, and what its manifests say of them. Errors:
 * also INVALID and UNSUPPORTED for what is not unpacked at all. */
gboolean pup_unpack_list(PupUnpacking *unpack, GError **error);
/* The disk that is meant, of the list; it and its parts are `wanted` then. Errors:
 * INVALID, NOT_FOUND. */
const PupUnpackMember *pup_unpack_choose(const PupUnpacking *unpack, GError **error);
/* A name without the folders before it. */
const char *pup_unpack_last_part(const char *name);

/* ---- unpack_output.c */

/* The archive's current entry, @member, into the new file @path, with holes for zeros.
 * Errors: CORRUPT where its sum is another, NO_SPACE, EXISTS, IO, CANCELLED. */
gboolean pup_unpack_extract(const PupUnpacking *unpack, PupArchive *archive,
                            const PupUnpackMember *member, const char *path,
                            GError **error);
