/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * disk - an image file to read: its guest's bytes and which of them it holds; or a new
 * one to write
 *
 * qemu-nbd serves the file on a Unix socket in STATE/run and so keeps others away from it
 * (writers from one that is read); this is the one file here that includes libnbd.h.
 *
 *     disk = pup_disk_open(settings, path, n_readers, cancellable, &error)
 *     runs = pup_disk_runs(disk, 1, cancellable, &error)       what the overlay holds
 *     reader = pup_disk_reader_new(disk, &error)               one a thread
 *     pup_disk_read(reader, offset, buf, len, &error)
 *
 *     copy = pup_disk_create(settings, path, bytes, n_writers, cancellable, &error)
 *     writer = pup_disk_writer_new(copy, &error)               one a thread
 *     pup_disk_write(writer, offset, buf, len, &error)
 *     pup_disk_finish(copy, &error)                            all writers freed before
 *
 * Threads: a PupDisk belongs to the thread that opened it (its child dies with it), but
 * pup_disk_reader_new() and pup_disk_writer_new() may be called from any thread; a reader
 * or writer belongs to one thread.
 */
#pragma once

#include <gio/gio.h>
#include "lib/chunk.h"
#include "server/settings.h"

typedef struct PupDisk PupDisk;
typedef struct PupDiskReader PupDiskReader;
typedef struct PupDiskWriter PupDiskWriter;

/* Chunks [first, first + n). */
typedef struct {
    guint64 first, n;
    gboolean zero; /* they read as zeros, and nobody needs to look */
} PupRun;

/* Serve @path, a qcow2, to at most @n_readers readers at once. Errors: BUSY (a writer has
 * it), INVALID, UNSUPPORTED (qemu-nbd is missing), NOT_FOUND, IO. */
PupDisk *pup_disk_open(const PupSettings *settings, const char *path, unsigned n_readers,
                       GCancellable *cancellable, GError **error);
/* The same of an image of another @format of qemu-img's; @path may be a URI that QEMU
 * takes. */
PupDisk *pup_disk_open_as(const PupSettings *settings, const char *path,
                          const char *format, unsigned n_readers,
                          GCancellable *cancellable, GError **error);

/* Make the qcow2 @path, an empty disk of @bytes, to be written to by at most @n_writers
 * at once. On failure @path may be there. Errors: NO_SPACE, INVALID, UNSUPPORTED, IO. */
PupDisk *pup_disk_create(const PupSettings *settings, const char *path, guint64 bytes,
                         unsigned n_writers, GCancellable *cancellable, GError **error);
/* Let the kernel begin to bring what was written to its disk, and go on: otherwise all of
 * that is left for the end, when nothing else is to be done. */
void pup_disk_write_back(PupDisk *disk);
/* What was written is in the file, not yet synchronised to its disk; nothing but
 * pup_disk_free() may follow. Errors: NO_SPACE, IO: the file is worth nothing then. */
gboolean pup_disk_finish(PupDisk *disk, GError **error);

/* Ends qemu-nbd; all readers and writers must be freed before. */
void pup_disk_free(PupDisk *disk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupDisk, pup_disk_free)

guint64 pup_disk_bytes(const PupDisk *disk);

/* The chunks that the topmost @n_files of its chain hold a part of (1: the file itself),
 * or all that the disk has (0), in order, as an array of PupRun that do not overlap. What
 * reads as zeros is told apart at no cost. Reads no data. Errors: IO, UNSUPPORTED,
 * cancelled. */
GArray *pup_disk_runs(PupDisk *disk, unsigned n_files, GCancellable *cancellable,
                      GError **error);

PupDiskReader *pup_disk_reader_new(const PupDisk *disk, GError **error);
void pup_disk_reader_free(PupDiskReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupDiskReader, pup_disk_reader_free)

/* Read @len bytes (at most 32 MiB) at @offset; zeros behind the disk's end. Errors: IO,
 * CORRUPT (a raw image's file became shorter). */
gboolean pup_disk_read(PupDiskReader *reader, guint64 offset, guint8 *buf, size_t len,
                       GError **error);

/* For a disk of pup_disk_create(). */
PupDiskWriter *pup_disk_writer_new(const PupDisk *disk, GError **error);
void pup_disk_writer_free(PupDiskWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupDiskWriter, pup_disk_writer_free)

/* Write @len bytes (at most 32 MiB) at @offset; what lies behind the disk's end is
 * dropped. Errors: NO_SPACE, IO. */
gboolean pup_disk_write(PupDiskWriter *writer, guint64 offset, const guint8 *buf,
                        size_t len, GError **error);
