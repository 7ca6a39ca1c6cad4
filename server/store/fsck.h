/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fsck - read everything, believe nothing
 *
 * Verifies the signature of every manifest, rehashes every chunk of every pack, rebuilds
 * in memory what the indexes say, follows every version's map, and names each damaged or
 * missing object and every version that it harms; of a lost pack, or of what is in none,
 * not each chunk but how many. With repair: rebuilds indexes from
 * packs and removes what a crash left behind (temporary files, packs without an index
 * that hold nothing whole).
 */
#pragma once

#include "lib/signature.h"
#include "server/store/gc.h"

/* What brings back what a finding says is not whole. */
typedef enum {
    PUP_FSCK_OTHER,   /* nothing that fsck could know of */
    PUP_FSCK_REPAIR,  /* fsck with repair does */
    PUP_FSCK_DAMAGED, /* a write that meets the content, once a repair has taken it out */
    PUP_FSCK_MISSING, /* a write that meets the content */
} PupFsckRemedy;

typedef struct {
    char *object;       /* "chunk <hex>", "chunks", "manifest lab-101@7", "pack 0a1b...",
                           "name lab-101" */
    char *problem;      /* what is wrong and where, one line */
    char **versions;    /* labels of the versions it harms, first those of masters,
                           NULL-terminated, maybe empty */
    unsigned n_masters; /* how many of these are masters' */
    PupFsckRemedy remedy; /* of chunks and packs */
    gboolean
        harmless; /* left over by a crash; nothing is harmed, gc or repair clears it */
    const char *mend; /* what mends it, where that is something else; static, or NULL */
} PupFsckFinding;

typedef struct {
    GPtrArray *findings; /* of PupFsckFinding */
    guint64 n_chunks, n_packs, n_versions, bytes;
} PupFsckReport;

/* @key may be NULL (signatures are then not checked, and a finding says so). Returns
 * FALSE only when the check itself could not be done; damage is in the report. */
gboolean pup_fsck(PupStore *store, const PupPublicKey *key, gboolean repair,
                  PupProgress progress, gpointer data, PupFsckReport **report,
                  GError **error);
void pup_fsck_report_free(PupFsckReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupFsckReport, pup_fsck_report_free)
