/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A room's own changes lie on its master as blocks, not as files: over another disk they
 * would be garbage. So moving to another version of the master means beginning anew.
 */
#include "server/cli/commands.h"

#include "lib/error.h"

static gboolean
confirm(const PupCli *cli, const char *room, const PupRebase *rebase, gboolean yes,
        GError **error)
{
    g_autofree char *lost = pup_bytes_format(rebase->lost_bytes);
    g_autofree char *question =
        g_strdup_printf("Make the sub-master of room '%s' afresh over %s, without the %s "
                        "that it holds of its own?",
                        room, rebase->to, lost);

    if (yes || rebase->unchanged || rebase->lost_bytes == 0 || pup_cli_ask(question))
        return TRUE;
    pup_error_set(
        error, PUP_ERROR_DENIED,
        "room '%s' was not moved to %s: its sub-master holds %s of its own, which "
        "would be gone; add --yes to do it without a question",
        room, rebase->to, lost);
    return FALSE;
}

static void
say(const PupCli *cli, const char *room, const PupRebase *rebase)
{
    g_autofree char *lost = pup_bytes_format(rebase->lost_bytes);

    if (rebase->unchanged)
        pup_cli_did(cli, "leave", "left", "room %s where it is, on %s", room, rebase->to);
    else if (!rebase->from)
        pup_cli_did(cli, "make", "made", "the sub-master of room %s over %s", room,
                    rebase->to);
    else
        pup_cli_did(cli, "move", "moved",
                    "room %s from %s to %s, without %s that its sub-master held of "
                    "its own; seats keep the current version until the next publish",
                    room, rebase->from, rebase->to, lost);
}

/* What would be lost is looked up before it is asked for, and again under the lock. */
static gboolean
rebase_room(PupCli *cli, const char *room, gboolean yes, GError **error)
{
    PupWorkshop shop;
    PupRebase asked = {NULL}, rebase = {NULL};
    g_autoptr(PupRoomProfile) profile = NULL;
    gboolean done;

    if (!pup_cli_workshop(cli, &shop, error))
        return FALSE;
    profile = pup_catalog_room(shop.catalog, room, error);
    if (!profile)
        return FALSE;
    shop.dry_run = TRUE;
    if (!pup_room_rebase(&shop, room, profile, NULL, &asked, error))
        return FALSE;
    shop.dry_run = cli->dry_run;
    done = (cli->dry_run || confirm(cli, room, &asked, yes, error)) &&
           pup_room_rebase(&shop, room, profile, yes ? NULL : &asked, &rebase, error);
    if (done)
        say(cli, room, &rebase);
    pup_rebase_clear(&asked);
    pup_rebase_clear(&rebase);
    return done;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    gboolean yes = FALSE;
    g_auto(GStrv) args = g_strdupv(argv);
    const GOptionEntry options[] = {
        {"yes", 'y', 0, G_OPTION_ARG_NONE, &yes, "Do not ask", NULL}, {NULL}};

    return pup_cli_parse(cli, options, &args, error) &&
           rebase_room(cli, args[0], yes, error);
}

const PupCommand pup_cmd_room_rebase = {
    .name = "room rebase",
    .args = "NAME",
    .summary = "Make a room's sub-master afresh over its profile's master",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
