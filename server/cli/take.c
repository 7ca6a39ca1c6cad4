/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/cli/take.h"

#include "lib/error.h"

static const char *const words_of[] = {
    [PUP_TAKE_NEXT_BOOT] = "when their guests start next",
    [PUP_TAKE_IDLE] = "once nobody uses them",
    [PUP_TAKE_NOW] = "now, after a minute's warning on their screens",
};

gboolean
pup_take_check(const PupCli *cli, const char *word, GError **error)
{
    PupTake take;

    if (!word || pup_take_parse(word, &take))
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID,
                  "%s: --seats: '%s' is none of next-boot, idle, now", cli->command->name,
                  word);
    return FALSE;
}

gboolean
pup_take_order(PupCli *cli, const char *room, unsigned version, const char *word,
               GError **error)
{
    PupTake take;

    if (!word || !pup_take_parse(word, &take))
        return TRUE;
    if (!cli->dry_run &&
        !pup_catalog_set_take(cli->catalog, room, version, take, error)) {
        g_prefix_error(
            error, "the seats of room '%s' were not told when to take version %u: ", room,
            version);
        return FALSE;
    }
    pup_cli_did(cli, "tell", "told", "the seats of room %s to take version %u %s", room,
                version, words_of[take]);
    return TRUE;
}

gboolean
pup_take_order_anew(PupCli *cli, const char *room, unsigned version, const char *word,
                    GError **error)
{
    if (!cli->dry_run && !pup_catalog_forget_take(cli->catalog, room, version, error))
        return FALSE;
    return pup_take_order(cli, room, version, word, error);
}
