/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack_verify - one pack read whole: which chunks are in it and are what they should be
 *
 * Compares three things: the records in the pack, the entries of its index, and the
 * bytes' hashes. Bytes are rehashed on all cores.
 */
#pragma once

#include "server/store/pack_file.h"

typedef struct {
    PupPackEntry entry;
    gboolean walked; /* a record of the pack says so */
    gboolean listed; /* readers find it there */
    char *why;       /* what is wrong with its bytes; NULL: nothing */
} PupVerified;

typedef struct {
    PupPackId id;
    char *what; /* "pack <id>" */
    guint64 bytes;
    gboolean has_pack, has_index;
    char *index_problem; /* one line, NULL: none */
    GPtrArray *problems; /* of the pack's own frame, one line each; not of chunks */
    GArray *chunks;      /* of PupVerified; freed with it */
} PupPackVerdict;

/* Verify the pack @id in the folder @dir. @progress may be NULL. Damage is in the
 * verdict; errors: UNSUPPORTED (newer format), IO. */
PupPackVerdict *pup_pack_verify(const char *dir, const PupPackId *id,
                                PupProgress progress, gpointer data, GError **error);
void pup_pack_verdict_free(PupPackVerdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupPackVerdict, pup_pack_verdict_free)
