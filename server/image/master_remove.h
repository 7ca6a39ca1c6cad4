/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master_remove - the end of a master, or of one of its old versions
 *
 * Nothing that something stands on goes: a room's sub-master, a layer of its recipe, a
 * version that was published from it, or a profile that names it. Retention asks the same
 * before it lets go by itself (retention.h).
 */
#pragma once

#include "server/image/image.h"

typedef struct {
    unsigned n_versions;
    guint64 file_bytes; /* that their files took; the store's part comes back with gc */
} PupMasterRemoval;

/* Remove @version of master @name, 0: all of it. With shop->dry_run only tell. The store
 * lets go first, so that a crash leaves files that a sweep removes. Errors: NOT_FOUND;
 * BUSY (something stands on it, which the message names, or it is being worked on; a
 * publish, gc or fsck is running); INVALID (@version is the current or the newest one).
 */
gboolean pup_master_remove(const PupWorkshop *shop, const char *name, unsigned version,
                           PupMasterRemoval *removal, GError **error);
