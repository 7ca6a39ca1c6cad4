/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * probe - is this file a disk that may become a master?
 *
 * A master is copied from what the file says, so the file must not be able to name other
 * files of the server: no backing file, no external data file, no vmdk extent outside its
 * own folder.
 */
#pragma once

#include "server/image/qemu_img.h"
#include "server/settings.h"

/* Check @file (an existing path; @format forces one, NULL probes) and tell about it: it
 * is a disk, and as large as its tables promise (whole.h). *@path: what qemu-img reads it
 * by, a new string. Errors: INVALID with the reason and what to do about it, UNSUPPORTED
 * (encrypted, or a format we do not import), CORRUPT, NOT_FOUND. */
PupImageInfo *pup_probe_disk(const char *file, const char *format, char **path,
                             GCancellable *cancellable, GError **error);

/* Check what a guest would find on the disk @source (as qemu-img reads it) of @format:
 * all that its partition table promises. @name is for messages. Errors: CORRUPT, BUSY,
 * IO. */
gboolean pup_probe_guest(const PupSettings *settings, const char *source,
                         const char *format, const char *name, GCancellable *cancellable,
                         GError **error);
