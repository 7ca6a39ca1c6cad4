/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unpack_private - the parts of unpack.h share this, and nobody else has it
 *
 *     unpack_source.c     the file's bytes, out of gzip
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

typedef struct PupUnpackSource PupUnpackSource;

typedef struct {
    const PupUnpack *job;
    PupUnpackSource *source;
    guint64 bytes;      /* of the archive */
    GPtrArray *members; /* of PupUnpackMember, in the archive's order */
    GHashTable *names;  /* of the files among them, names without "./"; borrows */
    size_t manifest_bytes;
} PupUnpacking;

/* ---- unpack_source.c */

/* Borrows @job. */
PupUnpackSource *pup_unpack_source_new(const PupUnpack *job);
void pup_unpack_source_free(PupUnpackSource *source);
/* Have @archive read the file from its beginning. Errors: NOT_FOUND, DENIED, IO. */
gboolean pup_unpack_source_open(PupUnpackSource *source, PupArchive *archive,
                                GError **error);
/* TRUE when gzip wrote it, which the archive does not see. */
gboolean pup_unpack_source_is_gzip(const PupUnpackSource *source);
/* Bytes of the file that were read. */
guint64 pup_unpack_source_at(const PupUnpackSource *source);
/* Read what is left of a file of gzip's: the sum of it all is at its end. FALSE: it could
 * not be read, or is damaged. */
gboolean pup_unpack_source_end(PupUnpackSource *source);
/* What became of reading: the errno of the file's (0: none), what is wrong with gzip's
 * own (NULL: nothing). */
int pup_unpack_source_errno(const PupUnpackSource *source);
const char *pup_unpack_source_damage(const PupUnpackSource *source);

/* ---- unpack_archive.c: errors are CORRUPT, CANCELLED, or the file's own */

/* The archive from its beginning. */
PupArchive *pup_unpack_open(const PupUnpacking *unpack, GError **error);
/* The next entry in *@entry, NULL at the end. */
gboolean pup_unpack_next(const PupUnpacking *unpack, PupArchive *archive,
                         struct archive_entry **entry, GError **error);
/* That @archive is cut short or damaged, or that its file cannot be read. Returns FALSE.
 */
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
