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

/* Check @file (an existing path; @format forces one, NULL probes) and tell about it.
 * *@path: its absolute path, a new string. Errors: INVALID with the reason and what to do
 * about it, UNSUPPORTED (encrypted, or a format we do not import), CORRUPT, NOT_FOUND. */
PupImageInfo *pup_probe_disk(const char *file, const char *format, char **path,
                             GCancellable *cancellable, GError **error);
