/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gc - give back the bytes that no version needs
 *
 * Marks the chunks and map pages of every version of every name, then removes packs in
 * which nothing is marked and rewrites those that are more than half dead, as far as the
 * disk has room for copies. Runs beside
 * readers and the daemon; excludes publishes while it runs (they wait, or say BUSY when
 * not asked to). A kill at any point leaves every version whole and at most a doubled
 * pack for the next run.
 */
#pragma once

#include "server/store/store.h"

typedef struct {
    guint64 n_chunks, n_live; /* seen and needed */
    guint64 n_packs_removed, n_packs_rewritten;
    guint64 bytes_before, bytes_after; /* of packs */
    /* Packs that should be rewritten and were not, as the disk is too full for a copy:
     * the dead bytes in them, and the free space that the next one would have needed and
     * that there was. All 0 where there is none. */
    guint64 n_packs_left, bytes_left, bytes_needed, bytes_free;
} PupGcReport;

typedef void (*PupProgress)(gpointer data, const char *what, guint64 done, guint64 total);

/* TRUE for a version that the caller is about to remove: its chunks count as dead. */
typedef gboolean (*PupGcIsLeaving)(gpointer data, PupKind kind, const char *name,
                                   unsigned version);

typedef struct {
    gboolean dry_run;          /* only fill in the report with what would happen */
    PupGcIsLeaving is_leaving; /* NULL: none is; asked in a dry run only */
    gpointer leaving_data;
    PupProgress progress; /* may be NULL */
    gpointer progress_data;
} PupGcOptions;

/* As pup_gc(). */
gboolean pup_gc_with(PupStore *store, const PupGcOptions *options, PupGcReport *report,
                     GError **error);

/* @dry_run: only fill in @report with what would happen. Errors: CORRUPT (a manifest or
 * map page cannot be read: nothing is removed; run fsck), BUSY, IO. */
gboolean pup_gc(PupStore *store, gboolean dry_run, PupProgress progress, gpointer data,
                PupGcReport *report, GError **error);
