/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unpack - the disk out of an archive (OVA, zip, 7z, tar) or of a compressed file
 *
 * Only the disk that is asked for is written, with the files that it is split into, under
 * names of this side's choice; links, folders and all else are passed over. What reads as
 * zeros stays a hole. The manifest of an OVA (.mf) is held against what was unpacked.
 * unpack_private.h says which part is where; nothing else here includes archive.h.
 *
 * Threads: any.
 */
#pragma once

#include "server/image/image.h"

typedef struct {
    const PupWorkshop *shop; /* progress and cancellable */
    const char *file;        /* the archive */
    const char *folder;      /* where to; is there */
    const char *disk;        /* its name in the archive; NULL: the only one */
} PupUnpack;

/* Unpack @job's disk; returns the path of its file, a new string. Whatever happens, files
 * may be left in job->folder. Errors: INVALID (no disk in it, several, names that lead
 * out of it), NOT_FOUND (no such disk), CORRUPT (cut short, or against its manifest),
 * UNSUPPORTED (encrypted), NO_SPACE, IO, cancelled. */
char *pup_unpack_disk(const PupUnpack *job, GError **error);
