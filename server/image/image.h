/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * image - the workshop: masters and sub-masters as qcow2 files
 *
 *     pup_master_import()   any disk that qemu-img reads -> images/masters/NAME@V.qcow2,
 *                           hashed into the store as master version V
 *     pup_room_make()       images/rooms/NAME.qcow2, an overlay over its master's file
 *     pup_room_publish()    what the overlay holds + the master's names -> NAME@V in the
 *                           store
 *
 * The folders are valid libvirt directory pools. qemu-img makes and converts, qemu-nbd
 * and libnbd read (publish.c); no file is ever changed that a version was made from.
 *
 * Threads: each call from one thread, different rooms at once are fine; two publishes of
 * one room: the second gets BUSY. Long calls report progress and end soon after
 * @cancellable.
 */
#pragma once

#include "lib/signature.h"
#include "server/catalog/catalog.h"
#include "server/image/look.h"
#include "server/settings.h"
#include "server/store/gc.h"

typedef struct PupImageInfos PupImageInfos;

/* What every workshop call needs; borrowed, not owned. */
typedef struct {
    const PupSettings *settings;
    PupStore *store;
    PupCatalog *catalog;
    const PupSecretKey *key;        /* NULL where nothing is signed */
    const char *domain_template;    /* its path; NULL: the installed one */
    const PupNeedsChange *needs;    /* what a new version of a master is said to need,
                                       whatever its disk looks like; may be NULL */
    PupImageInfos *infos;           /* of disks' files (infos.h); may be NULL */
    gboolean dry_run;               /* say what would happen, change nothing */
    void (*note)(const char *text); /* takes what a person should know; may be NULL */
    PupProgress progress;           /* may be NULL */
    gpointer progress_data;
    GCancellable *cancellable; /* may be NULL */
} PupWorkshop;

typedef struct {
    unsigned version;
    guint64 disk_bytes;   /* virtual size */
    guint64 bytes_read;   /* of the image */
    guint64 n_chunks_new; /* not in the store before */
    guint64 bytes_stored; /* encoded, new */
    gboolean on_trial;    /* version is the room's canary */
    unsigned n_retired;   /* older versions that the room's retention let go */
    gboolean unchanged;   /* same disk (and, of a room, guest settings and template; of a
                             master, needs) as the current version, which version is.
                             Nothing was written but (bytes_stored > 0) what the store had
                             lost of it */
    gboolean restored;    /* and of a master its file, which had got lost */
    PupLook look;         /* of a master: what its disk looks like, and what it needs */
    PupNeeds needs;
} PupPublishReport;

/* What is to be imported. */
typedef struct {
    const char *file;
    const char *format; /* forces one; NULL: probed */
    const char *disk; /* its name in @file, an archive that holds several; NULL: the only
                         one */
} PupImportFile;

/* Import @of (qcow2, raw, vmdk, vdi, vhdx, vpc; or in an OVA, an archive or compressed)
 * as the next version of master @name. Errors: INVALID (not a disk, or names a backing
 * file), CORRUPT (not whole), NO_SPACE, BUSY, NOT_FOUND. On failure nothing stays
 * behind. */
gboolean pup_master_import(const PupWorkshop *shop, const char *name,
                           const PupImportFile *of, PupPublishReport *report,
                           GError **error);

/* Make the next version of master @name, of the same disk, that needs what shop->needs
 * says beside what the current one needs. Errors: NOT_FOUND (no master, or its file is
 * gone), DENIED, IO. */
gboolean pup_master_set(const PupWorkshop *shop, const char *name,
                        PupPublishReport *report, GError **error);

/* The manifest of a version (0: the current one), its signature checked where shop->key
 * is there. Errors: NOT_FOUND, DENIED, INVALID, IO. */
PupManifest *pup_workshop_manifest(const PupWorkshop *shop, PupKind kind,
                                   const char *name, unsigned version, GError **error);

/* The boot profile of @manifest's version, as seats are given it: what its seats' uploads
 * and what it was published with merge to, without uploads the latter. Plain bytes
 * (lib/boot_profile.h), a new reference. *@n_seats (may be NULL): how many seats'
 * uploads are in it, 0: it was inherited. What it was published with and cannot be read
 * counts as none where there are uploads. Errors: NOT_FOUND (it has none), CORRUPT. */
GBytes *pup_version_boot_profile(PupStore *store, PupCatalog *catalog,
                                 const PupManifest *manifest, unsigned *n_seats,
                                 GError **error);

/* How large the boot profile of a version is. */
typedef struct {
    guint64 n_chunks, bytes; /* of the disk; 0: the version has none */
    unsigned n_seats;        /* whose uploads it was merged of; 0: it was inherited */
} PupBootProfileSize;

/* The size of the boot profile of @manifest's version. One that cannot be read counts as
 * none. */
PupBootProfileSize pup_workshop_boot_profile_size(const PupWorkshop *shop,
                                                  const PupManifest *manifest);

/* What interrupted work left. */
typedef struct {
    unsigned n_machines; /* virtual machines, or folders of libvirt's driver */
    unsigned n_files;
    guint64 bytes;
    char *held; /* "win11@3, win11@4": master versions that the store does not have and
                   whose files stay, since something stands or may stand on them; NULL:
                   none. The caller frees it */
} PupSweepReport;

/* End virtual machines that killed work left running; then remove what it left in images/
 * and run/: temporary files, sockets, and files of master versions that never came to be;
 * and the boot profiles that seats uploaded for versions that are gone. With
 * shop->dry_run only count. What somebody still works on stays. Errors: NET (the
 * configured libvirt does not answer), IO. */
gboolean pup_workshop_sweep(const PupWorkshop *shop, PupSweepReport *report,
                            GError **error);

/* Path of a master's version, new string; the file need not exist. */
char *pup_master_path(const PupWorkshop *shop, const char *name, unsigned version);
/* Path of a room's sub-master. */
char *pup_room_path(const PupWorkshop *shop, const char *room);

/* Make the sub-master of @room over its profile's master (current version when it names
 * none). Errors: NOT_FOUND (master), EXISTS, NO_SPACE, BUSY. */
gboolean pup_room_make(const PupWorkshop *shop, const char *room,
                       const PupRoomProfile *profile, GError **error);
/* From which master to which a room was moved. */
typedef struct {
    char *from; /* "win11@3"; NULL: there was no sub-master, or it stood on none of ours,
                 * or was damaged */
    char *to;
    guint64 lost_bytes; /* that the sub-master held of its own */
    gboolean unchanged; /* it stands there already: nothing was done */
} PupRebase;
void pup_rebase_clear(PupRebase *rebase);

/* Make @room's sub-master afresh over its profile's master (current version when it names
 * none), in the place of the one that is there, at once: what that held of its own is
 * gone. Versions stay. With shop->dry_run only tell. @confirmed (NULL: whatever) is what
 * somebody agreed to: it goes nowhere else, and no more is lost. Errors: NOT_FOUND
 * (master), BUSY (a writer has it, it is being worked on, or it would be more than
 * @confirmed), NO_SPACE. */
gboolean pup_room_rebase(const PupWorkshop *shop, const char *room,
                         const PupRoomProfile *profile, const PupRebase *confirmed,
                         PupRebase *rebase, GError **error);
/* Remove the sub-master's file; none is fine. Errors: BUSY. */
gboolean pup_room_unmake(const PupWorkshop *shop, const char *room, GError **error);

/* Publish @room's sub-master as its next version and move the name, then let go of the
 * versions that the room's retention does not keep (retention.h); where that cannot be
 * done now, gc does it. Reads only what the overlay holds.
 *
 * With @canary, a seat's name or MAC (NULL: none), the name stays where it stands: the
 * version is on trial at that seat, in the place of one that is. The same disk as that
 * has is no new version, even for another seat.
 *
 * Errors: NOT_FOUND (room or seat; for a canary, a room without any version), BUSY (image
 * in use by a writer, or being published; without @canary, a version is on trial),
 * CORRUPT, NO_SPACE, DENIED (no key). */
gboolean pup_room_publish(const PupWorkshop *shop, const char *room, const char *canary,
                          PupPublishReport *report, GError **error);
