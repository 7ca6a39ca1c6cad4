/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <string.h>

#include "lib/ident.h"
#include "lib/name.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *) data, size);
    g_autoptr(GError) error = NULL;
    g_autofree char *name = NULL;
    unsigned version;
    PupName chunk;

    fuzz_check(pup_ident_split("room", text, &name, &version, &error), &error);
    g_autofree char *mac = pup_mac_parse(text, &error);
    fuzz_check(mac != NULL, &error);
    g_assert(mac == NULL || strlen(mac) == strlen("52:54:00:12:34:56"));
    fuzz_check(pup_name_from_hex((const char *) data, size, &chunk, &error), &error);
    return 0;
}
