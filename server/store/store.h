/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store - where chunks, manifests and names live
 *
 * The interface in front of the backends; a backend is one static const PupStoreOps and a
 * line in the table of store.c. The directory backend (dir.c) is documented in
 * doc/formats.md, "Store".
 *
 * Reading:
 *     store = pup_store_open("dir:/var/lib/pupitre/store", &error)
 *     version = pup_store_current(store, PUP_KIND_ROOM, "lab-101", &error)
 *     pup_store_manifest(store, PUP_KIND_ROOM, "lab-101", version, &text, &sig, &error)
 *     pup_store_locate(store, &name, &extent, &error)   bytes for sendfile
 *     pup_store_get(store, &name, plain, &error)        decoded and verified
 *
 * Publishing, one version in one write:
 *     w = pup_store_begin(store, cancellable, &error)   waits for a running gc
 *     if (!pup_store_write_has(w, &name)) pup_store_write_put(w, &name, encoded, len,
 * &error) pup_store_write_commit(w, kind, name, version, manifest, sig, &error)
 *     pup_store_write_free(w)                           without commit: nothing happened
 * Commit makes the pack durable, then the manifest, then moves the name, each fsynced; a
 * crash at any point leaves the old version current and at most unreferenced bytes for
 * gc.
 *
 * With pup_store_write_try_out() before it, commit leaves the name where it stands and
 * makes the version the room's canary instead: one seat gets it, until set_current moves
 * the name there or pup_store_set_canary() ends the trial.
 *
 * Threads: a PupStore may be used from any thread at once. Of a PupStoreWrite, has and
 * put may be called from any thread, the rest from one. Several processes may use one
 * store: writers share, gc excludes them (flock).
 */
#pragma once

#include <gio/gio.h>
#include "lib/chunk.h"
#include "lib/manifest.h"

typedef struct PupStore PupStore;
typedef struct PupStoreWrite PupStoreWrite;

/* Where an encoded chunk lies. The fd belongs to the store and stays open as long as the
 * extent is held; give it back with pup_extent_clear(). */
typedef struct {
    int fd;
    guint64 offset; /* bytes */
    guint32 length; /* bytes, 2 .. PUP_CHUNK_ENCODED_MAX */
    gpointer hold;  /* the backend's reference */
} PupExtent;

/* "52:54:00:aa:bb:cc" and its end. */
#define PUP_SEAT_MAC_BYTES 18u

/* A version on trial: the seat runs it, the rest of the room what its name stands at. */
typedef struct {
    unsigned version;              /* 0: none is on trial */
    char seat[PUP_SEAT_MAC_BYTES]; /* MAC, normalised */
} PupCanary;

/* Make an empty store at @uri. Errors: EXISTS, INVALID, those of file input and output.
 */
gboolean pup_store_create(const char *uri, GError **error);
/* Open the store @uri ("dir:PATH"). Errors: INVALID (unknown backend), NOT_FOUND. */
PupStore *pup_store_open(const char *uri, GError **error);
void pup_store_free(PupStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupStore, pup_store_free)

/* Find an encoded chunk. Looks for packs that came since on a miss. Errors: NOT_FOUND,
 * IO. */
gboolean pup_store_locate(PupStore *store, const PupName *name, PupExtent *extent,
                          GError **error);
void pup_extent_clear(PupExtent *extent);

/* Read, decode and verify a chunk into @plain (PUP_CHUNK_BYTES); the null name gives
 * zeros. Errors: NOT_FOUND, CORRUPT (with pack and offset), IO. */
gboolean pup_store_get(PupStore *store, const PupName *name, guint8 *plain,
                       GError **error);

/* The boot profile that @manifest names, plain bytes without padding
 * (lib/boot_profile.h); a new GBytes. Errors: NOT_FOUND (it names none), CORRUPT. */
GBytes *pup_store_boot_profile(PupStore *store, const PupManifest *manifest,
                               GError **error);

/* Exact bytes of a manifest and its signature text; new GBytes each. Not verified here.
 * Errors: NOT_FOUND, IO. */
gboolean pup_store_manifest(PupStore *store, PupKind kind, const char *name,
                            unsigned version, GBytes **manifest, GBytes **signature,
                            GError **error);

/* The version that @name stands at. Errors: NOT_FOUND. 0 on error. */
unsigned pup_store_current(PupStore *store, PupKind kind, const char *name,
                           GError **error);

/* All names of @kind, sorted; NULL-terminated, g_strfreev(). */
char **pup_store_names(PupStore *store, PupKind kind, GError **error);

/* Versions of @name, ascending, as an array of unsigned. Errors: IO. An unknown name has
 * none. */
GArray *pup_store_versions(PupStore *store, PupKind kind, const char *name,
                           GError **error);

/* Move @name to an existing @version, atomically: rollback. Where @version is the room's
 * canary, the trial ends with that. Errors: NOT_FOUND, BUSY, IO. */
gboolean pup_store_set_current(PupStore *store, PupKind kind, const char *name,
                               unsigned version, GError **error);

/* What is on trial in @room; version 0 where nothing is. Errors: CORRUPT, IO. */
gboolean pup_store_canary(PupStore *store, const char *room, PupCanary *canary,
                          GError **error);
/* Put an existing version on trial in the place of what is; version 0 ends the trial
 * (none is fine). Errors: NOT_FOUND, BUSY, IO. */
gboolean pup_store_set_canary(PupStore *store, const char *room, const PupCanary *canary,
                              GError **error);
/* TRUE when the seat @mac (normalised) tries out a version of @room. */
gboolean pup_store_is_canary(PupStore *store, const char *room, const char *mac);
/* The version that the seat @mac (normalised) of @room shall run: its canary, or what the
 * room's name stands at. A canary that cannot be read counts as none. 0 on error:
 * NOT_FOUND. */
unsigned pup_store_version_for(PupStore *store, const char *room, const char *mac,
                               GError **error);

/* Forget @name and all its versions; the chunks go with the next gc. Errors: NOT_FOUND.
 */
gboolean pup_store_remove(PupStore *store, PupKind kind, const char *name,
                          GError **error);

/* Forget @versions (of unsigned) of @name; the chunks go with the next gc. The version
 * that @name stands at, the newest, its canary, and one that is pinned stay, whatever is
 * asked.
 * *@n_gone: how many went. Errors: BUSY (a publish, gc or fsck is running: nothing was
 * done), NOT_FOUND, IO. */
gboolean pup_store_remove_versions(PupStore *store, PupKind kind, const char *name,
                                   const GArray *versions, unsigned *n_gone,
                                   GError **error);

/* Keep @version of @name from being removed alone, or no longer. Twice is fine. Errors:
 * NOT_FOUND, IO. */
gboolean pup_store_pin(PupStore *store, PupKind kind, const char *name, unsigned version,
                       gboolean pinned, GError **error);
gboolean pup_store_is_pinned(PupStore *store, PupKind kind, const char *name,
                             unsigned version);

/* Begin a write. Blocks while gc runs; @cancellable (may be NULL) ends the wait with
 * BUSY. */
PupStoreWrite *pup_store_begin(PupStore *store, GCancellable *cancellable,
                               GError **error);
/* TRUE when the chunk is in the store or already in this write. The null name always is.
 */
gboolean pup_store_write_has(PupStoreWrite *write, const PupName *name);
/* Add @len encoded bytes as chunk @name; a second put of one name is dropped. Errors:
 * NO_SPACE, IO: after one, only free is allowed. */
gboolean pup_store_write_put(PupStoreWrite *write, const PupName *name,
                             const guint8 *encoded, size_t len, GError **error);
/* Bytes of encoded chunks put so far. */
guint64 pup_store_write_bytes(const PupStoreWrite *write);
/* What @write will commit is for the seat @mac (normalised) of its room alone; of a
 * master that is our own mistake. */
void pup_store_write_try_out(PupStoreWrite *write, const char *mac);
/* Make it durable and visible, see above. Errors: EXISTS (the version is there: somebody
 * else published meanwhile), NO_SPACE, IO. */
gboolean pup_store_write_commit(PupStoreWrite *write, PupKind kind, const char *name,
                                unsigned version, GBytes *manifest, GBytes *signature,
                                GError **error);
/* In place of a commit: make durable what was put, of versions that are there and had
 * lost it. Errors: NO_SPACE, IO. */
gboolean pup_store_write_keep(PupStoreWrite *write, GError **error);
void pup_store_write_free(PupStoreWrite *write);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupStoreWrite, pup_store_write_free)
