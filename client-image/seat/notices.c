/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/notices.h"

void
pup_notices_set(PupNotices *notices, PupNotice notice, const char *text)
{
    char *copy = g_strdup(text);

    g_free(notices->texts[notice]);
    notices->texts[notice] = copy;
}

void
pup_notices_clear(PupNotices *notices)
{
    for (unsigned i = 0; i < PUP_N_NOTICES; i++)
        g_clear_pointer(&notices->texts[i], g_free);
}

const char *
pup_notices_text(const PupNotices *notices)
{
    for (unsigned i = 0; i < PUP_N_NOTICES; i++) {
        if (notices->texts[i])
            return notices->texts[i];
    }
    return "";
}
