/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lib/room_profile.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupRoomProfile) profile =
        pup_room_profile_parse("room.conf", (const char *) data, size, &error);

    fuzz_check(profile != NULL, &error);
    if (profile != NULL)
        g_free(pup_room_profile_format(profile));
    return 0;
}
