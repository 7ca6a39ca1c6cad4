/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack_file - a pack that is open for reading, with its index
 *
 * The file stays open as long as anybody holds the pack: bytes can be read from it even
 * after gc has removed its name.
 *
 * Threads: immutable, any; references are counted atomically.
 */
#pragma once

#include "server/store/ops.h"
#include "server/store/pack_index.h"

typedef struct {
    PupHold hold; /* release: pup_pack_unref(); where: "pack <id>" */
    gatomicrefcount refs;
    PupPackId id;
    int fd;
    guint64 bytes; /* size of the file */
    PupPackIndex *index;
} PupPack;

/* Open the pack @id in the folder @dir. One whose index is damaged, or that is not as
 * long as its index says, gets an index in memory of what is whole in it. Errors:
 * NOT_FOUND (pack or index), UNSUPPORTED, IO. */
PupPack *pup_pack_open(const char *dir, const PupPackId *id, GError **error);
PupPack *pup_pack_ref(PupPack *pack);
void pup_pack_unref(PupPack *pack);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupPack, pup_pack_unref)

/* Read the encoded bytes of @entry into @encoded. Errors: CORRUPT (short), IO. */
gboolean pup_pack_read(const PupPack *pack, const PupPackEntry *entry, guint8 *encoded,
                       GError **error);
