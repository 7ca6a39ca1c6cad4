/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client_image - which client image PCs boot now
 *
 * STATE/client-image/ holds one folder an image, and a link `current` to the one that is
 * served. Its image.json (doc/formats.md) is read at every boot script: it is small, and
 * a new image counts at once. Running PCs keep theirs, whose URLs hold its id.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *id;          /* its folder's name */
    char *root_sha256; /* of root.img, 64 hex digits */
    guint64 root_bytes;
} PupClientImage;

/* Read the current image of @dir (STATE/client-image). Errors: NOT_FOUND (none was built:
 * says how), INVALID (image.json), UNSUPPORTED (newer format), IO. */
PupClientImage *pup_client_image_current(const char *dir, GError **error);
void pup_client_image_free(PupClientImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupClientImage, pup_client_image_free)

/* TRUE when @name is a file of an image that PCs may fetch. */
gboolean pup_client_image_has(const char *name);
