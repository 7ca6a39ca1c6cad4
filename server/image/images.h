/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * images - the qcow2 files of masters and sub-masters, and who stands on whom
 *
 *     images = pup_images_list(shop, &error)
 *     pup_images_users(images, "win11", 3)     how many sub-masters derive from win11@3
 *
 * What a sub-master derives from is what its file says, not its room's profile, which may
 * have been edited since. Asks qemu-img once a file; reads beside a writer.
 */
#pragma once

#include "server/image/image.h"

typedef struct {
    PupKind kind;     /* PUP_KIND_ROOM: a sub-master */
    char *name;       /* of the master or room */
    unsigned version; /* master's; sub-master: 0 */
    char *master;     /* that a sub-master's backing file is; NULL: none of ours */
    unsigned master_version;
    guint64 virtual_bytes;
    guint64 file_bytes; /* that the file takes on the server's disk */
} PupImage;

/* The files of all master versions, then of all rooms' sub-masters, as GPtrArray of
 * PupImage with a free function. One that is not there is left out. Errors: those of
 * qemu-img. */
GPtrArray *pup_images_list(const PupWorkshop *shop, GError **error);

/* The file of master @name's @version in @images, or NULL. */
const PupImage *pup_images_master(const GPtrArray *images, const char *name,
                                  unsigned version);
/* How many sub-masters of @images derive from it. */
unsigned pup_images_users(const GPtrArray *images, const char *name, unsigned version);
