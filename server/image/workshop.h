/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * workshop - what importing, making and publishing share; for server/image alone
 */
#pragma once

#include "server/image/image.h"

/* A file that is being made stands beside its place under ".NAME.tmp". New string. */
char *pup_workshop_temp_path(const char *path);

/* Move the finished file @temp to @path with @mode: fsync, rename, fsync the folder. */
gboolean pup_workshop_place(const char *temp, const char *path, unsigned mode,
                            GError **error);

/* With [libvirt] uri: check that its daemon answers and takes our folders as pools,
 * before something is made in them. A daemon without pools will do, and is said. Errors:
 * those of pup_virt_refresh_pools() but UNSUPPORTED. */
gboolean pup_workshop_check_pools(const PupWorkshop *shop, GError **error);
/* Have it see what was made or removed. What is done is done: a daemon that has gone away
 * meanwhile sees it the next time. */
void pup_workshop_show_pools(const PupWorkshop *shop);

/* Check that we can sign. Errors: DENIED. */
gboolean pup_workshop_check_key(const PupWorkshop *shop, GError **error);

/* What a child does to @total bytes, for pup_workshop_percent(). */
typedef struct {
    const PupWorkshop *shop;
    const char *what;
    guint64 total;
} PupWorkshopPercent;

/* A PupChildPercent, @data a PupWorkshopPercent: tell the shop's progress. */
void pup_workshop_percent(gpointer data, double percent);

/* Check that the folder of the file @path has @needed_bytes left; @what, which takes
 * them, begins the message ("'x' takes at least"). Errors: NO_SPACE, IO. */
gboolean pup_workshop_check_space(const char *path, guint64 needed_bytes,
                                  const char *what, GError **error);

/* The number that the next version of @name gets; 0 on error. A version whose manifest
 * was lost keeps its own, as long as the name stands at it: PCs know it by that. */
unsigned pup_workshop_next_version(const PupWorkshop *shop, PupKind kind,
                                   const char *name, GError **error);

/* TRUE when the store has @version of @name, or cannot tell. */
gboolean pup_workshop_has_version(const PupWorkshop *shop, PupKind kind, const char *name,
                                  unsigned version);

/* Set NOT_FOUND: the file of a master's version is not there, and what brings it back. */
void pup_workshop_set_lost(const PupWorkshop *shop, const char *name, unsigned version,
                           GError **error);

/* Make the overlay @path over @backing (chain.h) in the place of what is there, at once.
 * Errors: NO_SPACE, INVALID, IO. */
gboolean pup_workshop_make_overlay(const PupWorkshop *shop, const char *path,
                                   const char *backing, GError **error);

/* The version of @profile's master to build on, checked to be there; 0 on error. */
unsigned pup_workshop_find_master(const PupWorkshop *shop, const PupRoomProfile *profile,
                                  GError **error);

/* pup_room_publish() of the disk @path, for who holds the lock of @room. */
gboolean pup_room_publish_locked(const PupWorkshop *shop, const char *room,
                                 const char *path, const char *canary,
                                 PupPublishReport *report, GError **error);

/* TRUE when the version that @manifest describes has the guest settings and the template
 * that one published now would have. Errors: those of reading the template. */
gboolean pup_room_settings_equal(const PupWorkshop *shop, const PupRoomProfile *profile,
                                 const PupManifest *manifest, gboolean *equal,
                                 GError **error);

/* What a master's next version is copied from. */
typedef struct {
    const char *source; /* for qemu-img: an absolute path, or a URI */
    const char *format;
    guint64 virtual_bytes, actual_bytes;
    /* It was read to its end, and is needed no more; FALSE: it is no master. May be NULL.
     */
    gboolean (*copied)(gpointer data, GError **error);
    gpointer data;
} PupImportSource;

/* The rest of pup_master_import(), for who holds the lock of master @name. */
gboolean pup_master_import_source(const PupWorkshop *shop, const char *name,
                                  const PupImportSource *from, PupPublishReport *report,
                                  GError **error);

/* pup_master_import() for who holds the lock of master @name. */
gboolean pup_master_import_locked(const PupWorkshop *shop, const char *name,
                                  const PupImportFile *of, PupPublishReport *report,
                                  GError **error);

/* The current manifest in *@manifest, NULL where @name has no version yet. */
gboolean pup_workshop_current(const PupWorkshop *shop, PupKind kind, const char *name,
                              PupManifest **manifest, GError **error);

/* Give @made, whose disk is set, the boot profile of @parent: put it into @write, what
 * lies behind the disk's end left out, and name it. Nothing where @parent has none that
 * can be read. Errors: NO_SPACE, IO. */
gboolean pup_workshop_inherit_boot_profile(const PupWorkshop *shop,
                                           const PupManifest *parent,
                                           PupStoreWrite *write, PupManifest *made,
                                           GError **error);

/* Date @manifest, sign it and commit @write with it. */
gboolean pup_workshop_commit(const PupWorkshop *shop, PupStoreWrite *write,
                             PupManifest *manifest, GError **error);

/* TRUE when both have the same disk. */
gboolean pup_workshop_same_disk(const PupManifest *a, const PupManifest *b);
