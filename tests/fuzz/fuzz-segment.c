/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <sys/mman.h>
#include <unistd.h>

#include "client-image/stream/segment.h"
#include "tests/fuzz/fuzz.h"

/* Whatever the bytes are: entries lie inside the file, and sealing it changes nothing. */
static void
check_list(PupSegment *segment, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) list = pup_segment_list(segment, &error);

    g_assert(list && !error);
    for (guint i = 0; i < list->len; i++) {
        const PupSegmentEntry *entry = &g_array_index(list, PupSegmentEntry, i);
        g_assert(entry->length >= 2 && entry->length <= PUP_CHUNK_ENCODED_MAX);
        g_assert(entry->offset <= size && entry->length <= size - entry->offset);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupSegment) segment = NULL;
    int fd = memfd_create("fuzz-segment", MFD_CLOEXEC);

    g_assert(fd >= 0 && write(fd, data, size) == (ssize_t) size);
    segment = pup_segment_open_fd(fd, "fuzz", &error);
    fuzz_check(segment != NULL, &error);
    if (!segment) {
        close(fd);
        return 0;
    }
    check_list(segment, size);
    if (!pup_segment_is_sealed(segment))
        g_assert(pup_segment_seal(segment, NULL));
    check_list(segment, (size_t) pup_segment_bytes(segment));
    return 0;
}
