/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <string.h>

#include "server/image/look.h"
#include "tests/fuzz/fuzz.h"

/* What one look may read, whatever the disk says. */
#define READ_MAX (64u * 1024u * 1024u)

typedef struct {
    const uint8_t *data;
    size_t size, n_read;
} Disk;

static gboolean
read_disk(gpointer data, guint64 offset, guint8 *buf, size_t len, GError **error)
{
    Disk *disk = data;
    size_t n = offset < disk->size ? MIN(len, disk->size - (size_t) offset) : 0;

    memset(buf, 0, len);
    if (n > 0)
        memcpy(buf, disk->data + offset, n);
    disk->n_read += len;
    return TRUE;
}

/* Anything may stand on a disk: a look at it ends soon, and says something. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    Disk disk = {.data = data, .size = size};
    const PupFatSource source = {.read = read_disk, .data = &disk};
    PupLook look;
    PupNeeds needs;

    g_assert(pup_look_at(&source, &look, &error));
    g_assert(disk.n_read < READ_MAX);
    pup_look_needs(&look, NULL, &needs);
    g_assert(!pup_look_refuses(&look, needs.firmware));
    g_assert(pup_look_text(&look)[0] != '\0');
    return 0;
}
