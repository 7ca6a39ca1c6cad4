/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/take.h"

#include <string.h>

static const char *const words[] = {
    [PUP_TAKE_NEXT_BOOT] = "next-boot",
    [PUP_TAKE_IDLE] = "idle",
    [PUP_TAKE_NOW] = "now",
};

const char *
pup_take_name(PupTake take)
{
    return words[take];
}

gboolean
pup_take_parse(const char *word, PupTake *take)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(words[i], word) == 0) {
            *take = (PupTake) i;
            return TRUE;
        }
    }
    return FALSE;
}
