/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/out.h"

#include <unistd.h>

#include "lib/error.h"
#include "lib/ident.h"
#include "lib/time_text.h"
#include "server/image/canary.h"
#include "server/image/retention.h"
#include "server/image/screens.h"

static const PupColumn columns[] = {
    {"VERSION", "version", PUP_CELL_UINT},
    {"CURRENT", "current", PUP_CELL_BOOL},
    {"CANARY", "canary", PUP_CELL_TEXT},
    {"CREATED", NULL, PUP_CELL_TEXT},
    {"", "created", PUP_CELL_TEXT, PUP_COLUMN_HIDDEN},
    {"MASTER", "master", PUP_CELL_TEXT},
    {"PARENT", "parent", PUP_CELL_UINT, PUP_COLUMN_WIDE},
    {"DISK", "disk_bytes", PUP_CELL_BYTES, PUP_COLUMN_WIDE},
    {"BOOT-CHUNKS", "boot_profile_chunks", PUP_CELL_UINT, PUP_COLUMN_WIDE},
    {"BOOT-SIZE", "boot_profile_bytes", PUP_CELL_BYTES, PUP_COLUMN_WIDE},
    {"BOOT-SEATS", "boot_profile_seats", PUP_CELL_UINT, PUP_COLUMN_WIDE},
    {"PINNED", "pinned", PUP_CELL_BOOL, PUP_COLUMN_WIDE},
    {"KEPT", "kept", PUP_CELL_TEXT},
    {"SCREEN", "screen", PUP_CELL_TEXT, PUP_COLUMN_WIDE},
    {NULL},
};

/* The seat that tries out @version, new string; NULL: none does. */
static char *
trial_of(const PupWorkshop *shop, const char *room, unsigned version)
{
    PupCanary canary = {0};

    pup_store_canary(shop->store, room, &canary, NULL);
    return canary.version == version
               ? pup_canary_seat_name(shop->catalog, room, canary.seat)
               : NULL;
}

static gboolean
add_version(const PupWorkshop *shop, PupTable *table, const char *room,
            const PupRetained *version, unsigned current, GError **error)
{
    g_autoptr(PupManifest) manifest =
        pup_workshop_manifest(shop, PUP_KIND_ROOM, room, version->version, error);
    g_autofree char *master = NULL, *seat = NULL, *screen = NULL, *created = NULL;
    PupBootProfileSize boot;

    if (!manifest)
        return FALSE;
    seat = trial_of(shop, room, version->version);
    boot = pup_workshop_boot_profile_size(shop, manifest);
    screen = pup_screen_path(shop, room, manifest->version);
    created = pup_time_text_of(manifest->created);
    master = g_strdup_printf("%s@%u", manifest->master, manifest->master_version);
    pup_table_add(table, (guint64) manifest->version,
                  (int) (manifest->version == current), seat, created, manifest->created,
                  master, (guint64) manifest->parent, manifest->disk_bytes, boot.n_chunks,
                  boot.bytes, (guint64) boot.n_seats, (int) version->pinned,
                  pup_kept_name(version->kept),
                  access(screen, F_OK) == 0 ? screen : NULL);
    return TRUE;
}

static gboolean
fill(const PupWorkshop *shop, PupTable *table, const char *room, const GArray *versions,
     GError **error)
{
    unsigned current = pup_store_current(shop->store, PUP_KIND_ROOM, room, NULL);

    for (unsigned i = 0; i < versions->len; i++)
        if (!add_version(shop, table, room, &g_array_index(versions, PupRetained, i),
                         current, error))
            return FALSE;
    return TRUE;
}

/* Versions count without a gap, so what is missing was removed: "1-4, 6"; NULL: none. */
static char *
removed_of(const GArray *versions)
{
    g_autoptr(GString) text = g_string_new(NULL);
    unsigned next = 1;

    for (unsigned i = 0; i < versions->len; i++) {
        unsigned version = g_array_index(versions, PupRetained, i).version;
        const char *comma = text->len ? ", " : "";
        if (version == next + 1)
            g_string_append_printf(text, "%s%u", comma, next);
        else if (version > next)
            g_string_append_printf(text, "%s%u-%u", comma, next, version - 1);
        next = version + 1;
    }
    return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

static void
print(const PupCli *cli, const PupTable *table, const GArray *versions)
{
    g_autofree char *removed = removed_of(versions);

    pup_cli_print(cli, table);
    if (removed && !cli->json && !cli->quiet)
        pup_out_line("removed: %s", removed);
}

/* History is what the store says; only who stays is the profile's and the catalog's. */
static GArray *
list(const PupWorkshop *shop, const char *room, GError **error)
{
    g_autoptr(GError) why = NULL;
    GArray *versions = pup_retention_room(shop, room, &why);

    if (versions)
        return versions;
    versions = pup_retention_unknown(shop, room, error);
    if (versions)
        pup_out_complain("which of them gc would keep is not known: %s", why->message);
    return versions;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_autoptr(PupTable) table = pup_table_new("versions", columns);
    g_autoptr(GArray) versions = NULL;
    PupWorkshop shop;

    if (!pup_cli_parse(cli, NULL, &args, error) ||
        !pup_ident_check("room", args[0], error) ||
        !pup_cli_workshop_to_look(cli, &shop, error))
        return FALSE;
    versions = list(&shop, args[0], error);
    if (!versions || !fill(&shop, table, args[0], versions, error))
        return FALSE;
    print(cli, table, versions);
    return TRUE;
}

const PupCommand pup_cmd_room_history = {
    .name = "room history",
    .args = "NAME",
    .summary = "List a room's versions",
    .flags = PUP_CLI_LISTS | PUP_CLI_WIDE,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
