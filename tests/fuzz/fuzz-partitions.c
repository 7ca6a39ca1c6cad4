/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <string.h>

#include "server/image/partitions.h"
#include "tests/fuzz/fuzz.h"

typedef struct {
    const guint8 *data;
    size_t size;
} Disk;

/* Whatever the table says: only what is on the disk is read. */
static gboolean
read_disk(gpointer data, guint64 offset, guint8 *buf, size_t len, GError **error)
{
    const Disk *disk = data;

    g_assert(offset <= disk->size && len <= disk->size - offset);
    if (len > 0)
        memcpy(buf, disk->data + offset, len);
    return TRUE;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    Disk disk = {data, size};
    PupPartitionDisk seen = {
        .name = "fuzz", .bytes = size, .read = read_disk, .data = &disk};

    fuzz_check(pup_partitions_check(&seen, &error), &error);
    return 0;
}
