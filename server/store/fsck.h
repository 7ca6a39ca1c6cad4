/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fsck - read everything, believe nothing
 *
 * Verifies the signature of every manifest, rehashes every chunk of every pack, rebuilds
 * in memory what the indexes say, follows every version's map, and names each damaged or
 * missing object and every version that it harms. With repair: rebuilds indexes from
 * packs and removes what a crash left behind (temporary files, packs without an index
 * that hold nothing whole).
 */
#pragma once

#include "lib/signature.h"
#include "server/store/gc.h"

typedef struct {
    char
        *object; /* "chunk <hex>", "manifest lab-101@7", "pack 0a1b...", "name lab-101" */
    char *problem;   /* what is wrong and where, one line */
    char **versions; /* labels of the versions it harms, NULL-terminated, maybe empty */
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
