/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/image/whole.h"
#include "tests/fuzz/fuzz.h"

/* Each format's check of the same bytes; a descriptor's files are not opened. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gboolean (*const checks[])(PupWholeFile * file,
                                      GError * *error) = {pup_whole_qcow, pup_whole_vhd};
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strndup((const char *) data, size);
    g_autoptr(GArray) extents = pup_vmdk_extents(text);
    int fd = memfd_create("fuzz-whole", MFD_CLOEXEC);

    g_assert(fd >= 0 && write(fd, data, size) == (ssize_t) size);
    for (unsigned i = 0; i < G_N_ELEMENTS(checks); i++) {
        PupWholeFile file = {.fd = fd, .path = (char *) "fuzz", .bytes = size};
        fuzz_check(checks[i](&file, &error), &error);
    }
    PupWholeFile file = {.fd = fd, .path = (char *) "fuzz", .bytes = size};
    fuzz_check(pup_whole_vmdk_sparse(&file, 0, &error), &error);
    for (unsigned i = 0; i < extents->len; i++) {
        const PupVmdkExtent *extent = &g_array_index(extents, PupVmdkExtent, i);
        g_assert(extent->sectors > 0 && (!extent->file || extent->file[0]));
    }
    close(fd);
    return 0;
}
