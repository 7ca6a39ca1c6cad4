/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ops - what a backend of the store gives; for server/store only
 *
 * Each function is the store.h (or gc.h, fsck.h) function of its name, with arguments
 * checked already: names are idents, versions are not 0, chunk names are not null.
 * store.c holds the table of backends. A backend's own struct begins with PupStore, its
 * write with PupStoreWrite.
 */
#pragma once

#include "server/store/fsck.h"

typedef struct PupStoreOps PupStoreOps;

struct PupStore {
    const PupStoreOps *ops;
    GAsyncQueue *codecs; /* of PupChunkCodec, for pup_store_get(); store.c's */
};

struct PupStoreWrite {
    PupStore *store;
    char seat[PUP_SEAT_MAC_BYTES]; /* that tries it out; "": the commit moves the name */
};

/* What an extent holds: begins the backend's own struct. */
typedef struct PupHold {
    void (*release)(struct PupHold *hold);
    const char *where; /* "pack 0a1b...", for messages */
} PupHold;

/* gc's second half, see gc.c: everything that is not marked may go. */
typedef struct PupSweep PupSweep;

/* fsck's first half, see fsck.c. */
typedef struct PupCheck PupCheck;
typedef enum {
    PUP_CHUNK_GOOD,
    PUP_CHUNK_DAMAGED,
    PUP_CHUNK_UNLISTED, /* whole, but no reader finds it until repair */
    PUP_CHUNK_LOST,     /* with all of its pack */
    PUP_CHUNK_MISSING,
} PupChunkState;

struct PupStoreOps {
    const char *scheme; /* of the URI, "dir" */

    gboolean (*create)(const char *path, GError **error);
    PupStore *(*open)(const char *path, GError **error);
    void (*free)(PupStore *store);

    gboolean (*locate)(PupStore *store, const PupName *name, PupExtent *extent,
                       GError **error);

    gboolean (*manifest)(PupStore *store, PupKind kind, const char *name,
                         unsigned version, GBytes **manifest, GBytes **signature,
                         GError **error);
    unsigned (*current)(PupStore *store, PupKind kind, const char *name, GError **error);
    char **(*names)(PupStore *store, PupKind kind, GError **error);
    /* Names that have versions, standing anywhere or not; like names. */
    char **(*owners)(PupStore *store, PupKind kind, GError **error);
    GArray *(*versions)(PupStore *store, PupKind kind, const char *name, GError **error);
    gboolean (*set_current)(PupStore *store, PupKind kind, const char *name,
                            unsigned version, GError **error);
    gboolean (*canary)(PupStore *store, const char *room, PupCanary *canary,
                       GError **error);
    gboolean (*set_canary)(PupStore *store, const char *room, const PupCanary *canary,
                           GError **error);
    gboolean (*remove)(PupStore *store, PupKind kind, const char *name, GError **error);
    gboolean (*remove_versions)(PupStore *store, PupKind kind, const char *name,
                                const GArray *versions, unsigned *n_gone, GError **error);
    gboolean (*pin)(PupStore *store, PupKind kind, const char *name, unsigned version,
                    gboolean pinned, GError **error);
    gboolean (*is_pinned)(PupStore *store, PupKind kind, const char *name,
                          unsigned version);

    PupStoreWrite *(*begin)(PupStore *store, GCancellable *cancellable, GError **error);
    gboolean (*write_has)(PupStoreWrite *write, const PupName *name);
    gboolean (*write_put)(PupStoreWrite *write, const PupName *name,
                          const guint8 *encoded, size_t len, GError **error);
    guint64 (*write_bytes)(const PupStoreWrite *write);
    gboolean (*write_commit)(PupStoreWrite *write, PupKind kind, const char *name,
                             unsigned version, GBytes *manifest, GBytes *signature,
                             GError **error);
    gboolean (*write_keep)(PupStoreWrite *write, GError **error);
    void (*write_free)(PupStoreWrite *write);

    /* Keep publishes out (a dry run: only gc and removal) and look at all there is.
     * Errors: BUSY, IO. */
    PupSweep *(*sweep_begin)(PupStore *store, gboolean dry_run, GError **error);
    /* This chunk is needed. FALSE: there is none of that name. */
    gboolean (*sweep_mark)(PupSweep *sweep, const PupName *name);
    /* All needed ones are marked: give back the rest, or say what would go. */
    gboolean (*sweep_run)(PupSweep *sweep, PupProgress progress, gpointer data,
                          PupGcReport *report, GError **error);
    void (*sweep_free)(PupSweep *sweep);

    /* Keep gc out (with @repair: publishes too). Errors: BUSY, IO. */
    PupCheck *(*check_begin)(PupStore *store, gboolean repair, GError **error);
    /* Rehash everything, add findings of what no version is needed for, repair. */
    gboolean (*check_run)(PupCheck *check, PupProgress progress, gpointer data,
                          PupFsckReport *report, GError **error);
    /* What check_run found of chunk @name; *@where (belongs to @check) says which place
     * a damaged one has, or the object "pack 0a1b..." that an unlisted or lost one is of;
     * else it is NULL. */
    PupChunkState (*check_state)(PupCheck *check, const PupName *name,
                                 const char **where);
    void (*check_free)(PupCheck *check);
};

/* Add a finding that harms no version as yet; takes @object and @problem. */
PupFsckFinding *pup_fsck_add(PupFsckReport *report, gboolean harmless, char *object,
                             char *problem);

extern const PupStoreOps pup_dir_ops;
