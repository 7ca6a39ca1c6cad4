/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lib/manifest.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupManifest) manifest = pup_manifest_parse(data, size, &error);

    fuzz_check(manifest != NULL, &error);
    if (manifest == NULL)
        return 0;
    /* What was understood can be said again, and is understood again. */
    g_autoptr(GBytes) text = pup_manifest_format(manifest);
    g_autoptr(PupManifest) again =
        pup_manifest_parse(g_bytes_get_data(text, NULL), g_bytes_get_size(text), &error);
    g_assert(again != NULL);
    return 0;
}
