/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/findings.h"
#include "server/cli/out.h"

#include "lib/error.h"
#include "lib/ident.h"

/* Errors: NOT_FOUND where there is no file for @room. */
static gboolean
is_there(PupCatalog *catalog, const char *room, GError **error)
{
    g_autoptr(GError) why = NULL;

    pup_room_profile_free(pup_catalog_room(catalog, room, &why));
    if (!g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

static void
print(const PupCli *cli, const PupCheckup *checkup, unsigned n_rooms)
{
    if (cli->json) {
        pup_out_json(json_pack("{s:o}", "findings", pup_findings_json(checkup)));
        return;
    }
    pup_findings_print(stdout, checkup, PUP_FINDING_NOTE);
    if (!cli->quiet && checkup->findings->len == 0)
        pup_out_line("checked %u room profile%s: good", n_rooms, n_rooms == 1 ? "" : "s");
}

static gboolean
check(PupCli *cli, const char *room, GError **error)
{
    PupWorkshop shop;
    g_autoptr(PupCheckup) checkup = NULL;
    g_auto(GStrv) rooms = NULL;
    unsigned n;

    if (!pup_cli_workshop_to_look(cli, &shop, error) ||
        (room &&
         (!pup_ident_check("room", room, error) || !is_there(shop.catalog, room, error))))
        return FALSE;
    rooms = pup_catalog_rooms(shop.catalog, error);
    if (!rooms)
        return FALSE;
    checkup = pup_checkup_run(&shop, PUP_CHECK_PROFILES, room, FALSE);
    print(cli, checkup, room ? 1 : g_strv_length(rooms));
    n = pup_checkup_count(checkup, PUP_FINDING_WARNING);
    if (n > 0)
        pup_error_set(error, PUP_ERROR_INVALID, "%u thing%s to mend", n,
                      n == 1 ? "" : "s");
    return n == 0;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);

    return pup_cli_parse(cli, NULL, &args, error) && check(cli, args[0], error);
}

const PupCommand pup_cmd_room_check = {
    .name = "room check",
    .args = "[NAME]",
    .summary = "Check room profiles and recipes, change nothing",
    .flags = PUP_CLI_LISTS,
    .max_args = 1,
    .run = run,
    .quiet = "Print findings only",
};
