/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/store/pack_index.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const PupPackId id = {"f5e7b9ca054d47d9a4ee012e64293281"};
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(PupPackIndex) index = pup_pack_index_parse(bytes, &id, "fuzz", &error);

    fuzz_check(index != NULL, &error);
    if (index == NULL)
        return 0;
    for (guint32 i = 0; i < pup_pack_index_n_entries(index); i++) {
        guint32 found;
        g_assert(pup_pack_index_find(index, pup_pack_index_name(index, i), &found));
    }
    return 0;
}
