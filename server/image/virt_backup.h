/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virt_backup - a disk of any domain of libvirt, as it is at one moment
 *
 *     backup = pup_virt_backup_find(settings, "win11-golden", NULL, &error)
 *     if (pup_virt_backup_runs(backup)) {
 *         pup_virt_backup_begin(backup, folder, scratch, &error)
 *         ... read pup_virt_backup_uri(backup) ...
 *     }
 *     pup_virt_backup_free(backup)                   ends it
 *
 * The domain goes on meanwhile. Where its guest agent is connected, its file systems are
 * frozen while the backup begins, some tenths of a second, so that they are whole in it.
 * A domain that is shut off has a file to read instead.
 *
 * It is a domain of the libvirt daemon at [libvirt] uri, or else at qemu:///system; it
 * need not be one of ours. One thread.
 */
#pragma once

#include <gio/gio.h>
#include "lib/needs.h"
#include "server/settings.h"

typedef struct PupVirtBackup PupVirtBackup;

/* Find the disk @target ("vda"; NULL: the only one) of @domain. Errors: NET (no daemon),
 * NOT_FOUND (domain, disk), INVALID (it has several disks), UNSUPPORTED (a disk that is
 * no file and no block device). */
PupVirtBackup *pup_virt_backup_find(const PupSettings *settings, const char *domain,
                                    const char *target, GError **error);
/* End it: the domain keeps nothing of it. */
void pup_virt_backup_free(PupVirtBackup *backup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupVirtBackup, pup_virt_backup_free)

gboolean pup_virt_backup_runs(const PupVirtBackup *backup);
/* Of its disk: "vda", file, format (NULL: not told) and sizes. */
const char *pup_virt_backup_target(const PupVirtBackup *backup);
const char *pup_virt_backup_file(const PupVirtBackup *backup);
const char *pup_virt_backup_format(const PupVirtBackup *backup);
guint64 pup_virt_backup_virtual_bytes(const PupVirtBackup *backup);
guint64 pup_virt_backup_allocated_bytes(const PupVirtBackup *backup);

/* Begin, of a domain that runs. @folder: made by the caller, takes the socket; @scratch:
 * path of a file that is not there, for what the guest overwrites meanwhile; both go with
 * the caller. Both must be within reach of the user that QEMU runs as. Errors: BUSY (it
 * has another job), IO (with libvirt's words), INVALID (a path that is too long). */
gboolean pup_virt_backup_begin(PupVirtBackup *backup, const char *folder,
                               const char *scratch, GError **error);
/* What a guest needs that ran in the domain. */
const PupNeedsChange *pup_virt_backup_needs(const PupVirtBackup *backup);
/* The disk as raw bytes, for qemu-img. */
const char *pup_virt_backup_uri(const PupVirtBackup *backup);
/* Whether the guest's file systems were frozen. */
gboolean pup_virt_backup_is_clean(const PupVirtBackup *backup);

/* End what a killed process began with @folder, which tells of which domain, and thaw
 * that. Nothing to end, or nobody to ask: nothing is done. */
void pup_virt_backup_end_left(const PupSettings *settings, const char *folder);
