/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/settings.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupSettings) settings =
        pup_settings_parse("pupitre.conf", (const char *) data, size, &error);

    fuzz_check(settings != NULL, &error);
    return 0;
}
