/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/notices.h"

void
pup_notices_set(PupNotices *notices, PupNotice notice, PupWords *words)
{
    pup_words_free(notices->words[notice]);
    notices->words[notice] = words;
}

void
pup_notices_clear(PupNotices *notices)
{
    for (unsigned i = 0; i < PUP_N_NOTICES; i++)
        g_clear_pointer(&notices->words[i], pup_words_free);
}

const PupWords *
pup_notices_shown(const PupNotices *notices)
{
    for (unsigned i = 0; i < PUP_N_NOTICES; i++) {
        if (notices->words[i] && *notices->words[i]->text)
            return notices->words[i];
    }
    return NULL;
}

const char *
pup_notices_detail(const PupNotices *notices)
{
    for (unsigned i = 0; i < PUP_N_NOTICES; i++) {
        if (notices->words[i])
            return notices->words[i]->detail;
    }
    return "";
}
