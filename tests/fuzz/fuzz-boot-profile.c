/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <string.h>

#include "lib/boot_profile.h"
#include "tests/fuzz/fuzz.h"

/* A profile of a disk of 1000 chunks; what it says makes its bytes again, and merging it
 * with itself changes nothing. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) profile = pup_boot_profile_parse(data, size, 1000, &error);

    fuzz_check(profile != NULL, &error);
    if (profile == NULL)
        return 0;
    g_autoptr(GBytes) again =
        pup_boot_profile_format((const guint32 *) profile->data, profile->len);
    g_assert(g_bytes_get_size(again) <= size);
    g_assert(memcmp(g_bytes_get_data(again, NULL), data, g_bytes_get_size(again)) == 0);

    g_autoptr(GPtrArray) twice = g_ptr_array_new();
    g_ptr_array_add(twice, profile);
    g_ptr_array_add(twice, profile);
    g_autoptr(GArray) merged = pup_boot_profile_merge(twice);
    g_assert(merged->len == profile->len);
    for (guint i = 0; i < merged->len; i++)
        g_assert(g_array_index(merged, guint32, i) == g_array_index(profile, guint32, i));
    return 0;
}
