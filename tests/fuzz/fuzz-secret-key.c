/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lib/signature.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupSecretKey) key = pup_secret_key_parse((const char *) data, size, &error);

    fuzz_check(key != NULL, &error);
    if (key != NULL)
        g_free(pup_secret_key_format(key));
    return 0;
}
