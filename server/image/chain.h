/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * chain - what a sub-master stands on, down to its master
 *
 *     images/rooms/NAME.qcow2 -> ../layers/DIGEST.qcow2 ... -> ../masters/NAME@V.qcow2
 *
 * Each file's header names the one below it, in this form alone; a layer is the disk
 * after one step of a recipe (recipe.h), and there may be none. The form is the same from
 * images/rooms as from images/layers, so that a file may move between them.
 *
 * Threads: any. Asks qemu-img once a file; reads beside a writer.
 */
#pragma once

#include "server/image/image.h"

/* Layers that one disk may have. */
#define PUP_CHAIN_MAX 200u

typedef struct {
    char *master;
    unsigned master_version;
    GPtrArray *layers; /* their digests, the topmost first */
    guint64 virtual_bytes;
} PupChain;

void pup_chain_clear(PupChain *chain);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PupChain, pup_chain_clear)

/* Read what the qcow2 @path stands on. Errors: INVALID (its chain does not end at a
 * master of ours), NOT_FOUND (a layer is not there), those of qemu-img. */
gboolean pup_chain_read(const PupWorkshop *shop, const char *path, PupChain *chain,
                        GError **error);

/* The same, for who reads the disk: the master's file has to be there, too, and all of
 * them whole. Errors: NOT_FOUND with what brings it back; CORRUPT. */
gboolean pup_chain_read_whole(const PupWorkshop *shop, const char *path, PupChain *chain,
                              GError **error);

/* Path of a layer's file, new string; it need not exist. */
char *pup_layer_path(const PupWorkshop *shop, const char *digest);

/* The backing file's name of what stands on a layer, or on a master's version; new
 * strings. */
char *pup_backing_layer(const char *digest);
char *pup_backing_master(const char *name, unsigned version);
/* The reverse: the digest, a new string, or NULL where @backing has another form. */
char *pup_backing_parse_layer(const char *backing);
/* FALSE when it has another form. *@name: new string. */
gboolean pup_backing_parse_master(const char *backing, char **name, unsigned *version);
