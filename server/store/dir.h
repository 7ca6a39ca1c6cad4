/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dir - the directory backend's inside: what its files share; for dir*.c only
 *
 *     dir.c         make, open, find chunks
 *     dir_lock.c    who excludes whom
 *     dir_names.c   manifests, versions, names
 *     dir_retire.c  the end of single versions; pins
 *     dir_canary.c  the version that one seat of a room tries out
 *     dir_write.c   a publish
 *     dir_sweep.c   gc
 *     dir_check.c   fsck
 *     dir_leftovers.c  what a crash left behind
 *
 * Layout: doc/formats.md, "Store". Locks, in the order in which they are taken:
 * STORE/lock, shared by publishes, alone for gc, removal and repair; then the lock of a
 * name, alone for whoever adds a version or moves the name. Readers take none.
 */
#pragma once

#include "server/store/ops.h"
#include "server/store/pack_set.h"

#include <time.h>

typedef struct {
    PupStore base;
    char *path;
    char *packs; /* "PATH/packs" */

    GRWLock set_lock;
    PupPackSet *set; /* under set_lock */

    GMutex load_lock;      /* one at a time looks for new packs */
    struct timespec stamp; /* of the packs folder when set was made; under load_lock */
    gboolean stamped;      /* stamp can be trusted; under load_lock */
} PupDirStore;

/* The packs as last seen; give back with pup_pack_set_unref(). */
PupPackSet *pup_dir_packs(PupDirStore *store);
/* Look for packs that came or went, when the folder changed or with @force. Errors:
 * UNSUPPORTED, IO. */
gboolean pup_dir_refresh(PupDirStore *store, gboolean force, GError **error);

/* Lock the file @path (made where missing) with flock's LOCK_SH or LOCK_EX. @wait_ms: how
 * long to wait, -1 for ever. Returns an fd, whose closing unlocks, or -1: BUSY, saying
 * @busy; IO and the like. */
int pup_dir_lock(const char *path, int operation, int wait_ms, GCancellable *cancellable,
                 const char *busy, GError **error);
/* Lock the whole store. */
int pup_dir_lock_store(const PupDirStore *store, int operation, int wait_ms,
                       GCancellable *cancellable, GError **error);
/* Lock the name. Its folder of versions must exist: else NOT_FOUND. */
int pup_dir_lock_name(const PupDirStore *store, PupKind kind, const char *name,
                      int wait_ms, GCancellable *cancellable, GError **error);

/* "masters" or "rooms". */
const char *pup_dir_kind(PupKind kind);
/* "STORE/manifests/KIND/NAME", "STORE/names/KIND/NAME". New strings. */
char *pup_dir_versions_path(const PupDirStore *store, PupKind kind, const char *name);
char *pup_dir_name_path(const PupDirStore *store, PupKind kind, const char *name);
/* "STORE/manifests/KIND/NAME/VERSION.json". New string. */
char *pup_dir_manifest_path(const PupDirStore *store, PupKind kind, const char *name,
                            unsigned version);
/* A version's number in one spelling only: decimal, no sign, no leading zero. 0: it is
 * none. */
unsigned pup_dir_parse_version(const char *digits, size_t len);
/* Make the folder of @name's versions, durably. */
gboolean pup_dir_make_versions(const PupDirStore *store, PupKind kind, const char *name,
                               GError **error);
/* Let @name stand at @version; the caller holds the name's lock. */
gboolean pup_dir_move_name(PupDirStore *store, PupKind kind, const char *name,
                           unsigned version, GError **error);

/* The folder of the canaries under the store's. */
#define PUP_DIR_CANARIES "canaries"
/* Let @room's canary be that, or none; the caller holds the name's lock. */
gboolean pup_dir_put_canary(const PupDirStore *store, const char *room,
                            const PupCanary *canary, GError **error);
gboolean pup_dir_drop_canary(const PupDirStore *store, const char *room, GError **error);
/* Drop @room's canary where that is @version. */
gboolean pup_dir_end_trial_of(PupDirStore *store, const char *room, unsigned version,
                              GError **error);
gboolean pup_dir_canary(PupStore *store, const char *room, PupCanary *canary,
                        GError **error);
gboolean pup_dir_set_canary(PupStore *store, const char *room, const PupCanary *canary,
                            GError **error);

gboolean pup_dir_manifest(PupStore *store, PupKind kind, const char *name,
                          unsigned version, GBytes **manifest, GBytes **signature,
                          GError **error);
unsigned pup_dir_current(PupStore *store, PupKind kind, const char *name, GError **error);
char **pup_dir_names(PupStore *store, PupKind kind, GError **error);
char **pup_dir_owners(PupStore *store, PupKind kind, GError **error);
GArray *pup_dir_versions(PupStore *store, PupKind kind, const char *name, GError **error);
gboolean pup_dir_set_current(PupStore *store, PupKind kind, const char *name,
                             unsigned version, GError **error);
gboolean pup_dir_remove(PupStore *store, PupKind kind, const char *name, GError **error);
/* Set @error, cleared before, to NOT_FOUND: @name has no @version. */
void pup_dir_set_no_version(GError **error, PupKind kind, const char *name,
                            unsigned version);

gboolean pup_dir_remove_versions(PupStore *store, PupKind kind, const char *name,
                                 const GArray *versions, unsigned *n_gone,
                                 GError **error);
gboolean pup_dir_pin(PupStore *store, PupKind kind, const char *name, unsigned version,
                     gboolean pinned, GError **error);
gboolean pup_dir_is_pinned(PupStore *store, PupKind kind, const char *name,
                           unsigned version);

PupStoreWrite *pup_dir_begin(PupStore *store, GCancellable *cancellable, GError **error);
gboolean pup_dir_write_has(PupStoreWrite *write, const PupName *name);
gboolean pup_dir_write_put(PupStoreWrite *write, const PupName *name,
                           const guint8 *encoded, size_t len, GError **error);
guint64 pup_dir_write_bytes(const PupStoreWrite *write);
gboolean pup_dir_write_commit(PupStoreWrite *write, PupKind kind, const char *name,
                              unsigned version, GBytes *manifest, GBytes *signature,
                              GError **error);
gboolean pup_dir_write_keep(PupStoreWrite *write, GError **error);
void pup_dir_write_free(PupStoreWrite *write);

PupSweep *pup_dir_sweep_begin(PupStore *store, gboolean dry_run, GError **error);
gboolean pup_dir_sweep_mark(PupSweep *sweep, const PupName *name);
gboolean pup_dir_sweep_run(PupSweep *sweep, PupProgress progress, gpointer data,
                           PupGcReport *report, GError **error);
void pup_dir_sweep_free(PupSweep *sweep);

PupCheck *pup_dir_check_begin(PupStore *store, gboolean repair, GError **error);
gboolean pup_dir_check_run(PupCheck *check, PupProgress progress, gpointer data,
                           PupFsckReport *report, GError **error);
PupChunkState pup_dir_check_state(PupCheck *check, const PupName *name,
                                  const char **where);
void pup_dir_check_free(PupCheck *check);

/* Paths of what a crash left behind, new strings: temporary files, folders of versions
 * that were being removed or never came, signatures without a manifest, packs without an
 * index where @packs says so. Only the holder of the whole store's lock can tell them
 * from a publish under way. NULL on error. */
GPtrArray *pup_dir_leftovers(const PupDirStore *store, gboolean packs, GError **error);
/* Remove the file, or the folder and the files in it, at @path. */
gboolean pup_dir_remove_tree(const char *path, GError **error);
