/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"

#include "lib/error.h"
#include "lib/ident.h"

static const PupColumn columns[] = {
    {"VERSION", "version", PUP_CELL_UINT},
    {"CURRENT", "current", PUP_CELL_BOOL},
    {"CREATED", "created", PUP_CELL_TEXT},
    {"MASTER", "master", PUP_CELL_TEXT},
    {"PARENT", "parent", PUP_CELL_UINT},
    {"DISK", "disk_bytes", PUP_CELL_BYTES},
    {"BOOT-CHUNKS", "boot_profile_chunks", PUP_CELL_UINT},
    {"BOOT-SIZE", "boot_profile_bytes", PUP_CELL_BYTES},
    {"BOOT-SEATS", "boot_profile_seats", PUP_CELL_UINT},
    {NULL},
};

static gboolean
add_version(const PupWorkshop *shop, PupTable *table, const char *room, unsigned version,
            unsigned current, GError **error)
{
    g_autoptr(PupManifest) manifest =
        pup_workshop_manifest(shop, PUP_KIND_ROOM, room, version, error);
    g_autofree char *master = NULL;
    PupBootProfileSize boot;

    if (!manifest)
        return FALSE;
    boot = pup_workshop_boot_profile_size(shop, manifest);
    master = g_strdup_printf("%s@%u", manifest->master, manifest->master_version);
    pup_table_add(table, (guint64) version, (int) (version == current), manifest->created,
                  master, (guint64) manifest->parent, manifest->disk_bytes, boot.n_chunks,
                  boot.bytes, (guint64) boot.n_seats);
    return TRUE;
}

static gboolean
fill(const PupWorkshop *shop, PupTable *table, const char *room, GError **error)
{
    g_autoptr(GArray) versions =
        pup_store_versions(shop->store, PUP_KIND_ROOM, room, error);
    unsigned current = pup_store_current(shop->store, PUP_KIND_ROOM, room, NULL);

    if (!versions)
        return FALSE;
    for (unsigned i = 0; i < versions->len; i++)
        if (!add_version(shop, table, room, g_array_index(versions, unsigned, i), current,
                         error))
            return FALSE;
    return TRUE;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_autoptr(PupTable) table = pup_table_new("versions", columns);
    g_autoptr(PupRoomProfile) profile = NULL;
    PupWorkshop shop;

    if (!pup_cli_parse(cli, NULL, &args, error) ||
        !pup_ident_check("room", args[0], error) || !pup_cli_workshop(cli, &shop, error))
        return FALSE;
    profile = pup_catalog_room(shop.catalog, args[0], error);
    if (!profile || !fill(&shop, table, args[0], error))
        return FALSE;
    pup_cli_print(cli, table);
    return TRUE;
}

const PupCommand pup_cmd_room_history = {
    .name = "room history",
    .args = "NAME",
    .summary = "List a room's versions",
    .flags = PUP_CLI_LISTS,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
