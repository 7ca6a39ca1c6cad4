/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * container - what a file is that qemu-img takes for a raw disk, or that is told to be
 * one
 *
 * Told by its first bytes. Threads: any.
 */
#pragma once

#include <glib.h>

/* As many of a file's first bytes as tell it. */
#define PUP_CONTAINER_HEAD_BYTES (36u * 1024u)

typedef enum {
    PUP_CONTAINER_PACKED, /* an archive, or compressed: pup_unpack_disk() */
    PUP_CONTAINER_IMAGE,  /* a disk of a format of qemu-img's */
    PUP_CONTAINER_OTHER,  /* no disk, or none that we read */
} PupContainerKind;

typedef struct {
    PupContainerKind kind;
    const char *what;   /* "an ISO image", for "'x' is ..." */
    const char *advice; /* what to do instead; NULL but for OTHER */
    guint offset;
    const char *magic;
    guint len;
} PupContainer;

/* What begins with the @len bytes at @head; NULL: nothing known. Static storage. */
const PupContainer *pup_container_find(const guint8 *head, size_t len);

/* TRUE when @head, the beginning of a disk, has a boot sector or a partition table. */
gboolean pup_container_is_disk(const guint8 *head, size_t len);

/* Read the beginning of @path into @head, of PUP_CONTAINER_HEAD_BYTES; *@len of them are
 * there. Errors: IO, NOT_FOUND, DENIED. */
gboolean pup_container_read(const char *path, guint8 *head, size_t *len, GError **error);
