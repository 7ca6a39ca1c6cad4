/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <sys/mman.h>
#include <unistd.h>

#include "server/store/pack.h"
#include "tests/fuzz/fuzz.h"

/* The reader goes forward only, tells of every byte once, and stays inside the file. */
static void
walk(PupPackCursor *cursor, guint64 size)
{
    PupPackEntry entry;
    PupPackStep step;
    g_autoptr(GError) error = NULL;
    guint64 told = PUP_PACK_HEADER_BYTES;

    while ((step = pup_pack_cursor_next(cursor, &entry, &error)) != PUP_PACK_END) {
        g_assert(step != PUP_PACK_FAILED);
        if (step == PUP_PACK_RECORD) {
            g_assert(entry.offset == told + PUP_PACK_RECORD_BYTES);
            g_assert(entry.length >= 2 && entry.length <= PUP_CHUNK_ENCODED_MAX);
            told = entry.offset + entry.length;
        } else {
            g_assert(cursor->gap_from >= MIN(told, size));
            g_assert(cursor->gap_to >= cursor->gap_from);
            told = cursor->gap_to;
        }
        g_assert(told <= size);
    }
    g_assert(error == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const PupPackId id = {"f5e7b9ca054d47d9a4ee012e64293281"};
    g_autoptr(GError) error = NULL;
    PupPackCursor cursor;
    int fd = memfd_create("fuzz-pack", MFD_CLOEXEC);

    g_assert(fd >= 0 && write(fd, data, size) == (ssize_t) size);
    fuzz_check(pup_pack_check_header(fd, &id, "fuzz", &error), &error);
    pup_pack_cursor_init(&cursor, fd, size, "fuzz");
    walk(&cursor, size);
    close(fd);
    return 0;
}
