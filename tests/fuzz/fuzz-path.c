/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/http/route.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *raw = g_strndup((const char *) data, size);
    g_autoptr(GError) error = NULL;
    PupPath path = {0};

    fuzz_check(pup_path_parse(raw, &path, &error), &error);
    return 0;
}
