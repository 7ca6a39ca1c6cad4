/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * images - the qcow2 files of masters, layers and sub-masters, and who stands on whom
 *
 *     images = pup_images_list(shop, &error)
 *     pup_images_users(images, "win11", 3)     how many sub-masters derive from win11@3
 *
 * What a sub-master derives from is what its file says, not its room's profile, which may
 * have been edited since. Asks qemu-img once a file; reads beside a writer.
 */
#pragma once

#include "server/image/image.h"

typedef enum { PUP_IMAGE_MASTER, PUP_IMAGE_LAYER, PUP_IMAGE_SUB_MASTER } PupImageKind;

typedef struct {
    PupImageKind kind;
    char *name;       /* of the master or room; a layer's digest */
    unsigned version; /* master's; others: 0 */
    char *layer;      /* digest of the layer that it stands on; NULL: on none */
    char *master;     /* that it derives from, perhaps by layers; NULL: none of ours */
    unsigned master_version;
    guint64 virtual_bytes;
    guint64 file_bytes; /* that the file takes on the server's disk */
} PupImage;

/* The files of all master versions, of all layers, then of all rooms' sub-masters, as
 * GPtrArray of PupImage with a free function. One that is not there is left out. Errors:
 * those of qemu-img. */
GPtrArray *pup_images_list(const PupWorkshop *shop, GError **error);

/* The file of master @name's @version in @images, or NULL. */
const PupImage *pup_images_master(const GPtrArray *images, const char *name,
                                  unsigned version);
/* How many layers and sub-masters of @images derive from it. */
unsigned pup_images_users(const GPtrArray *images, const char *name, unsigned version);

/* The layer of @digest in @images, or NULL. */
const PupImage *pup_images_layer(const GPtrArray *images, const char *digest);
/* How many layers and sub-masters of @images stand right on it. */
unsigned pup_images_layer_users(const GPtrArray *images, const char *digest);

/* TRUE when the file of master @name's @version must stay, though the store has no such
 * version: a layer or sub-master stands on it, or that cannot be told, a room being
 * worked on included. Ask once the version is gone from the store: from then on nobody
 * begins to build on it. */
gboolean pup_images_hold_master(const PupWorkshop *shop, const char *name,
                                unsigned version);
