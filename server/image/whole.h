/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * whole - does an image file hold all that its own tables promise?
 *
 * QEMU reads zeros behind a file's end, without a word for most formats: a copy that
 * broke off would become a master with holes. So, before anything is copied, the farthest
 * byte that the tables of the format name is held against the size of the file:
 *
 *     qcow, qcow2   tables, clusters, reference counts               (whole_qcow.c)
 *     vmdk          each extent that the descriptor names            (whole_vmdk.c)
 *     vpc           the footer, and its two sizes                    (whole_vhd.c)
 *     the others    what `qemu-img map` says; vhdx says it by itself (whole.c)
 *
 * What the guest's own partition table promises is for partitions.h.
 *
 *     pup_whole_open(&file, path, &error)
 *     pup_whole_read(&file, offset, table, len, &error)     CORRUPT behind its end
 *     pup_whole_promise(&file, end)                         any number of times
 *     pup_whole_kept(&file, &error)                         CORRUPT when more than is
 * there pup_whole_clear(&file)
 *
 * The bytes are not trusted: what is allocated is bounded. Threads: any, one a file.
 */
#pragma once

#include "server/image/qemu_img.h"

typedef struct {
    int fd;
    char *path;
    gboolean ours;             /* nobody brought it: errors come without advice */
    guint64 bytes;             /* of the file */
    guint64 promised;          /* the farthest end so far */
    GCancellable *cancellable; /* borrowed; NULL: none */
} PupWholeFile;

/* Check the image @path (absolute), of which @info tells. Errors: CORRUPT, INVALID (a
 * vmdk that names files of other folders), IO. */
gboolean pup_whole_check(const char *path, const PupImageInfo *info,
                         GCancellable *cancellable, GError **error);

/* The same of a qcow2 of ours (a sub-master, a layer, a master's file), and that it is
 * one. What stands below it is not looked at. Errors: CORRUPT, without a word of what
 * mends it; NOT_FOUND, IO. */
gboolean pup_whole_check_ours(const char *path, GError **error);

/* The same of the extents alone, where QEMU would take @path, told that it is @format
 * (NULL: nothing was told), for the descriptor of a vmdk: before it opens any of the
 * files that are named there. */
gboolean pup_whole_check_extents(const char *path, const char *format,
                                 GCancellable *cancellable, GError **error);

gboolean pup_whole_open(PupWholeFile *file, const char *path, GError **error);
void pup_whole_clear(PupWholeFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PupWholeFile, pup_whole_clear)

/* Fill @buf with the @len bytes at @offset, a table of the format. Errors: CORRUPT where
 * that is behind the file's end, IO. */
gboolean pup_whole_read(PupWholeFile *file, guint64 offset, void *buf, size_t len,
                        GError **error);
/* The tables say that something reaches to the byte @end. */
void pup_whole_promise(PupWholeFile *file, guint64 end);
gboolean pup_whole_kept(const PupWholeFile *file, GError **error);
/* Set CORRUPT: @file's tables make no sense, @why. Returns FALSE. */
gboolean pup_whole_set_damaged(const PupWholeFile *file, const char *why, GError **error);

/* The checks of one format. */
gboolean pup_whole_qcow(PupWholeFile *file, GError **error);
gboolean pup_whole_vhd(PupWholeFile *file, GError **error);
/* A sparse extent of a vmdk (also the only one), that its descriptor gives @min_sectors
 * of 512 bytes (0: not said). */
gboolean pup_whole_vmdk_sparse(PupWholeFile *file, guint64 min_sectors, GError **error);
/* The vmdk @file and its extents, which all have to be in its folder; *@n_extents of
 * them. */
gboolean pup_whole_vmdk(PupWholeFile *file, unsigned *n_extents, GError **error);

/* One line of a vmdk's descriptor. */
typedef struct {
    char *file; /* NULL: there is none, it is all zeros */
    gboolean sparse;
    guint64 sectors, offset_sectors;
} PupVmdkExtent;

/* TRUE when @text, the beginning of a file, is that of a vmdk's descriptor as its makers
 * write it. */
gboolean pup_vmdk_is_descriptor(const char *text, size_t len);
/* TRUE when QEMU takes the file that begins with @head for a vmdk that names other files.
 */
gboolean pup_vmdk_names_files(const guint8 *head, size_t len);
/* The extents that are read of the descriptor @text, as an array of PupVmdkExtent. */
GArray *pup_vmdk_extents(const char *text);

/* The size that the footer of the VHD @path gives as the disk's, in *@bytes; 0 where it
 * is no VHD. */
gboolean pup_vhd_size(const char *path, guint64 *bytes, GError **error);
