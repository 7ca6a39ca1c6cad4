/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * take - the option --seats of what moves a room to a version: when its seats whose
 * guests run take it
 *
 * The command writes it into the catalog; the daemon tells the seats with the answers to
 * their reports. Without the option the room profile's word counts.
 */
#pragma once

#include "server/cli/cli.h"

/* The GOptionEntry that fills in *@word, a new string. */
#define PUP_TAKE_ENTRY(word)                                                             \
    {                                                                                    \
        "seats", 0, 0, G_OPTION_ARG_STRING, word,                                        \
            "When PCs that run take the version: next-boot, idle or now (default: as "   \
            "the room's profile says)",                                                  \
            "WHEN"                                                                       \
    }

/* Check @word, which may be NULL. Errors: INVALID. */
gboolean pup_take_check(const PupCli *cli, const char *word, GError **error);

/* The seats of @room shall take @version as @word says, and say so; nothing where it is
 * NULL. */
gboolean pup_take_order(PupCli *cli, const char *room, unsigned version, const char *word,
                        GError **error);
/* The same for a version that was there before, before the name moves to it: what was
 * said when it was published is no word about today, and forgotten. */
gboolean pup_take_order_anew(PupCli *cli, const char *room, unsigned version,
                             const char *word, GError **error);
