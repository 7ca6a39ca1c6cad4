/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/stage.h"

#include <string.h>

static const struct {
    const char *name, *title;
} stages[PUP_N_STAGES] = {
    [PUP_STAGE_DHCP] = {"dhcp", "Address offered"},
    [PUP_STAGE_LOADER] = {"loader", "Boot script fetched"},
    [PUP_STAGE_KERNEL] = {"kernel", "Kernel fetched"},
    [PUP_STAGE_CLIENT_IMAGE] = {"client-image", "Client image loaded"},
    [PUP_STAGE_REGISTERED] = {"registered", "Seat registered"},
    [PUP_STAGE_DISK] = {"disk", "Disk ready"},
    [PUP_STAGE_FIRST_CHUNK] = {"first-chunk", "First chunk verified"},
    [PUP_STAGE_GUEST_STARTED] = {"guest-started", "Guest started"},
    [PUP_STAGE_GUEST_ALIVE] = {"guest-alive", "Guest alive"},
};

const char *
pup_stage_name(PupStage stage)
{
    g_return_val_if_fail((unsigned) stage < PUP_N_STAGES, NULL);
    return stages[stage].name;
}

const char *
pup_stage_title(PupStage stage)
{
    g_return_val_if_fail((unsigned) stage < PUP_N_STAGES, NULL);
    return stages[stage].title;
}

gboolean
pup_stage_parse(const char *name, PupStage *stage)
{
    for (unsigned i = 0; i < PUP_N_STAGES; i++) {
        if (strcmp(stages[i].name, name) == 0) {
            *stage = (PupStage) i;
            return TRUE;
        }
    }
    return FALSE;
}
