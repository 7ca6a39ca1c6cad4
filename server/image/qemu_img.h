/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * qemu_img - what we ask of the qemu-img program
 *
 * Paths are absolute, so that none is taken for a protocol ("nbd:...", "json:...").
 *
 * Whatever reads or writes an image refuses, with INVALID and without starting QEMU, what
 * is neither a file nor a block device: QEMU waits for ever for somebody to open the
 * other end of a pipe.
 */
#pragma once

#include "server/image/child.h"

/* Cluster size of every image we make: one chunk, so that what an overlay holds is whole
 * chunks and publishing reads nothing of the master. Not with lazy_refcounts: they spare
 * a little writing, but an image that was not closed cleanly then needs a repair before
 * it can be read, and a sub-master is written by virtual machines that get killed. */
#define PUP_CLUSTER_SIZE "128k"

typedef struct {
    char *format; /* "qcow2", "raw", ... */
    guint64 virtual_bytes;
    guint64 actual_bytes; /* on the host's disk */
    char *backing;        /* as it stands in the header, or NULL */
    char *data_file;      /* qcow2's external data file, or NULL */
    char **extents;       /* vmdk: its extents' files */
    gboolean encrypted;
    gboolean corrupt;
    unsigned n_snapshots, n_bitmaps; /* that a qcow2 itself holds */
} PupImageInfo;

/* Ask about @path; @format NULL probes. Reads beside a writer. Errors: INVALID (cannot be
 * read as that format), NOT_FOUND, DENIED, UNSUPPORTED (qemu-img is missing). */
PupImageInfo *pup_image_info(const char *path, const char *format,
                             GCancellable *cancellable, GError **error);
PupImageInfo *pup_image_info_copy(const PupImageInfo *info);
void pup_image_info_free(PupImageInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupImageInfo, pup_image_info_free)

/* The same from the JSON text that qemu-img prints; @path is for messages. */
PupImageInfo *pup_image_info_parse(const char *path, const char *json, GError **error);

/* The farthest byte of the file that holds something of the disk, as far as QEMU tells
 * (nothing of compressed clusters). */
gboolean pup_image_data_end(const char *path, const char *format, guint64 *end,
                            GCancellable *cancellable, GError **error);

/* Check that the tables of @path, of @format, are sound: what they say twice, or behind
 * the file's end, would be copied wrong without a word. A format that qemu-img cannot
 * check passes. Errors: CORRUPT, BUSY, IO. */
gboolean pup_image_check(const char *path, const char *format, GCancellable *cancellable,
                         GError **error);

/* Copy the qcow2 @source, which @backing stands under (NULL: nothing), to the new qcow2
 * @target in the same folder: the same disk over the same backing file, without what
 * reads as zeros. Errors: BUSY, NO_SPACE, INVALID; @target may then be there in part. */
gboolean pup_image_copy(const char *source, const char *backing, const char *target,
                        PupChildPercent percent, gpointer data, GCancellable *cancellable,
                        GError **error);

/* Check that a guest would read the same from the qcow2s @a and @b. Errors: CORRUPT (it
 * would not), BUSY, IO. */
gboolean pup_image_compare(const char *a, const char *b, PupChildPercent percent,
                           gpointer data, GCancellable *cancellable, GError **error);

/* Write what the qcow2 overlay @path holds into its backing file; the overlay stays as it
 * is. May be done again after a failure. Errors: BUSY, NO_SPACE, IO. */
gboolean pup_image_commit(const char *path, PupChildPercent percent, gpointer data,
                          GError **error);

/* Refuse, with INVALID, a disk that is no file, or that stands on one: for who starts
 * QEMU on it by other means than these here. What cannot be read passes, as QEMU says
 * more of it. */
gboolean pup_image_check_chain(const char *path, GError **error);

/* Whether another program, such as a running virtual machine, writes to the qcow2 @path.
 * Errors: as of pup_image_info(), without BUSY. */
gboolean pup_image_is_busy(const char *path, gboolean *busy, GCancellable *cancellable,
                           GError **error);

/* Make the qcow2 @path, an empty disk of @bytes. Errors: NO_SPACE, INVALID. */
gboolean pup_image_create(const char *path, guint64 bytes, GCancellable *cancellable,
                          GError **error);

/* Make the qcow2 overlay @path over @backing, a qcow2 relative to @path's folder. Errors:
 * NO_SPACE, INVALID. */
gboolean pup_image_create_overlay(const char *path, const char *backing,
                                  GCancellable *cancellable, GError **error);
