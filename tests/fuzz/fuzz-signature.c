/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <string.h>

#include "lib/signature.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupSecretKey) secret = pup_secret_key_generate(&error);
    g_assert(secret != NULL);
    g_autoptr(PupPublicKey) key = pup_secret_key_public(secret);

    /* A key that was made just now has signed nothing that a seed could hold. */
    g_assert(!pup_verify(key, "message", 7, (const char *) data, size, &error));
    fuzz_check(FALSE, &error);
    return 0;
}
