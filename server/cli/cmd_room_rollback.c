/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/out.h"

#include "lib/error.h"
#include "lib/time_text.h"
#include "lib/ident.h"
#include "server/cli/take.h"
#include "server/image/canary.h"

typedef struct {
    gboolean canary; /* drop what is on trial, nothing else */
    char *when;      /* --seats */
} Options;

/* The newest version before @current; 0 where there is none. */
static unsigned
version_before(const GArray *versions, unsigned current)
{
    unsigned before = 0;

    for (unsigned i = 0; i < versions->len; i++)
        if (g_array_index(versions, unsigned, i) < current)
            before = g_array_index(versions, unsigned, i);
    return before;
}

/* The version that the arguments ask for; 0 on error. */
static unsigned
find_target(PupStore *store, char **args, unsigned current, GError **error)
{
    unsigned version = 0;
    g_autoptr(GArray) versions = NULL;

    if (args[1])
        return pup_version_parse(args[1], &version, error) ? version : 0;
    versions = pup_store_versions(store, PUP_KIND_ROOM, args[0], error);
    if (!versions)
        return 0;
    version = version_before(versions, current);
    if (version == 0)
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "room '%s' has no version before %s@%u",
                      args[0], args[0], current);
    return version;
}

static gboolean
end_trial(PupCli *cli, const char *room, const PupCanary *canary, unsigned current,
          const char *when, GError **error)
{
    g_autofree char *seat = pup_canary_seat_name(cli->catalog, room, canary->seat);

    if (!pup_take_order_anew(cli, room, current, when, error) ||
        (!cli->dry_run &&
         !pup_store_set_canary(cli->store, room, &(PupCanary){0}, error)))
        return FALSE;
    if (canary->version > 0)
        pup_cli_did(cli, "end", "ended",
                    "the trial of %s@%u at seat '%s'; the room stays at %u", room,
                    canary->version, seat, current);
    else
        pup_cli_did(cli, "end", "ended", "the trial in room %s, whatever it was", room);
    return TRUE;
}

/* What is on trial goes before anything that the room has. *@ended: something was. One
 * that cannot be read goes too: there is no other way to be rid of it. */
static gboolean
roll_back_canary(PupCli *cli, const char *room, unsigned current, const char *when,
                 gboolean *ended, GError **error)
{
    g_autoptr(GError) why = NULL;
    PupCanary canary = {0};

    *ended = !pup_store_canary(cli->store, room, &canary, &why) || canary.version > 0;
    if (why && !g_error_matches(why, PUP_ERROR, PUP_ERROR_CORRUPT)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    return !*ended || end_trial(cli, room, &canary, current, when, error);
}

static void
say_there_already(const PupCli *cli, const char *room, unsigned version,
                  const char *created)
{
    if (!cli->quiet)
        pup_out_line("room %s is at version %u already (published %s)", room, version,
                     created);
}

static gboolean
roll_back_room(PupCli *cli, const PupWorkshop *shop, char **args, unsigned current,
               const char *when, GError **error)
{
    g_autoptr(PupManifest) manifest = NULL;
    g_autofree char *created = NULL;
    unsigned version = find_target(shop->store, args, current, error);

    if (version == 0)
        return FALSE;
    /* A version that seats would refuse is nothing to go back to. */
    manifest = pup_workshop_manifest(shop, PUP_KIND_ROOM, args[0], version, error);
    if (!manifest)
        return FALSE;
    if (((when || version != current) &&
         !pup_take_order_anew(cli, args[0], version, when, error)) ||
        (!cli->dry_run && version != current &&
         !pup_store_set_current(shop->store, PUP_KIND_ROOM, args[0], version, error)))
        return FALSE;
    created = pup_time_text_of(manifest->created);
    if (version == current) {
        say_there_already(cli, args[0], version, created);
        return TRUE;
    }
    pup_cli_did(cli, "move", "moved", "room %s from version %u to %u (published %s)",
                args[0], current, version, created);
    return TRUE;
}

static gboolean
roll_back(PupCli *cli, char **args, const Options *options, GError **error)
{
    PupWorkshop shop;
    unsigned current;
    gboolean ended = FALSE;

    if (!pup_cli_workshop(cli, &shop, error))
        return FALSE;
    current = pup_cli_room_version(cli, args[0], error);
    if (current == 0 || (!args[1] && !roll_back_canary(cli, args[0], current,
                                                       options->when, &ended, error)))
        return FALSE;
    if (!ended && options->canary) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "room '%s' has no version on trial",
                      args[0]);
        return FALSE;
    }
    return ended || roll_back_room(cli, &shop, args, current, options->when, error);
}

static gboolean
check_options(const PupCli *cli, char **args, const Options *options, GError **error)
{
    if (!pup_ident_check("room", args[0], error) ||
        !pup_take_check(cli, options->when, error))
        return FALSE;
    if (!options->canary || !args[1])
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID,
                  "room rollback: give VERSION or --canary, not both");
    return FALSE;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    Options options = {FALSE, NULL};
    const GOptionEntry entries[] = {PUP_TAKE_ENTRY(&options.when),
                                    {"canary", 0, 0, G_OPTION_ARG_NONE, &options.canary,
                                     "Drop the version that is on trial, nothing else",
                                     NULL},
                                    {NULL}};
    gboolean done = pup_cli_parse(cli, entries, &args, error) &&
                    check_options(cli, args, &options, error) &&
                    roll_back(cli, args, &options, error);

    g_free(options.when);
    return done;
}

const PupCommand pup_cmd_room_rollback = {
    .name = "room rollback",
    .args = "NAME [VERSION]",
    .summary =
        "Drop what is on trial, or move a room back to its previous version or VERSION",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 2,
    .run = run,
};
