/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/findings.h"

#include <string.h>

#include "lib/error.h"
#include "lib/time_text.h"

static const PupColumn columns[] = {
    {"ROOM", "name", PUP_CELL_TEXT},
    {"TITLE", "title", PUP_CELL_TEXT, PUP_COLUMN_CUT},
    {"MASTER", "master", PUP_CELL_TEXT},
    {"SEATS", "seats", PUP_CELL_UINT},
    {"VERSION", "version", PUP_CELL_VERSION},
    {"PUBLISHED", NULL, PUP_CELL_TEXT},
    {"", "published", PUP_CELL_TEXT, PUP_COLUMN_HIDDEN},
    {NULL},
};

/* In the place of a title there is no room for the folder that all profiles are in; what
 * is told on standard error has it. */
static const char *
short_problem(const PupWorkshop *shop, const char *message)
{
    const char *folder = shop->settings->rooms_dir;
    size_t len = strlen(folder);

    return g_str_has_prefix(message, folder) && message[len] == '/' ? message + len + 1
                                                                    : message;
}

/* What is broken in one room must not hide the others: its row says so. */
static void
add_room(const PupWorkshop *shop, PupTable *table, const char *room)
{
    g_autoptr(GError) broken = NULL, failed = NULL;
    g_autoptr(PupRoomProfile) profile = pup_catalog_room(shop->catalog, room, &broken);
    g_autoptr(PupManifest) manifest =
        pup_workshop_manifest(shop, PUP_KIND_ROOM, room, 0, &failed);
    g_autofree char *when = NULL;
    const char *title = broken ? short_problem(shop, broken->message) : profile->title;
    const char *published = manifest ? manifest->created : failed->message;

    if (g_error_matches(failed, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        published = NULL;
    if (published)
        when = pup_time_text_of(published);
    pup_table_add(table, room, title ? title : room, profile ? profile->master : NULL,
                  (guint64) (profile ? profile->n_seats : 0),
                  (guint64) (manifest ? manifest->version : 0), when, published);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_autoptr(PupTable) table = pup_table_new("rooms", columns);
    g_auto(GStrv) args = g_strdupv(argv), rooms = NULL;
    PupWorkshop shop;

    if (!pup_cli_parse(cli, NULL, &args, error) ||
        !pup_cli_workshop_to_look(cli, &shop, error))
        return FALSE;
    rooms = pup_catalog_rooms(shop.catalog, error);
    if (!rooms)
        return FALSE;
    for (unsigned i = 0; rooms[i]; i++)
        add_room(&shop, table, rooms[i]);
    pup_cli_print(cli, table);
    pup_findings_warn(cli, &shop, NULL);
    return TRUE;
}

const PupCommand pup_cmd_room_list = {
    .name = "room list",
    .args = "",
    .summary = "List the rooms",
    .flags = PUP_CLI_LISTS | PUP_CLI_WIDE,
    .run = run,
};
