/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/findings.h"

#include <sys/stat.h>

#include "lib/time_text.h"

static const PupColumn columns[] = {
    {"MASTER", "name", PUP_CELL_TEXT},
    {"VERSION", "version", PUP_CELL_UINT},
    {"CURRENT", "current", PUP_CELL_BOOL},
    {"DISK", "disk_bytes", PUP_CELL_BYTES},
    {"FILE", "file_bytes", PUP_CELL_BYTES},
    {"CREATED", NULL, PUP_CELL_TEXT},
    {"", "created", PUP_CELL_TEXT, PUP_COLUMN_HIDDEN},
    {NULL},
};

/* What a file takes on the disk; PUP_NO_BYTES where it is not there. */
static guint64
bytes_on_disk(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (guint64) st.st_blocks * 512 : PUP_NO_BYTES;
}

static gboolean
add_master(const PupWorkshop *shop, PupTable *table, const char *name, GError **error)
{
    g_autoptr(GArray) versions =
        pup_store_versions(shop->store, PUP_KIND_MASTER, name, error);
    unsigned current = pup_store_current(shop->store, PUP_KIND_MASTER, name, NULL);

    if (!versions)
        return FALSE;
    for (unsigned i = 0; i < versions->len; i++) {
        unsigned version = g_array_index(versions, unsigned, i);
        g_autoptr(PupManifest) manifest =
            pup_workshop_manifest(shop, PUP_KIND_MASTER, name, version, error);
        g_autofree char *path = pup_master_path(shop, name, version);
        g_autofree char *created = manifest ? pup_time_text_of(manifest->created) : NULL;
        if (!manifest)
            return FALSE;
        pup_table_add(table, name, (guint64) version, (int) (version == current),
                      manifest->disk_bytes, bytes_on_disk(path), created,
                      manifest->created);
    }
    return TRUE;
}

/* A file that is not there has no size; what that means is told below the table. */
static void
warn(const PupCli *cli, const PupWorkshop *shop)
{
    g_autoptr(PupCheckup) checkup = NULL;

    if (cli->quiet)
        return;
    checkup = pup_checkup_run(shop, PUP_CHECK_MASTERS, NULL, FALSE);
    fflush(stdout);
    pup_findings_print(stderr, checkup, PUP_FINDING_WARNING);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_autoptr(PupTable) table = pup_table_new("masters", columns);
    g_auto(GStrv) args = g_strdupv(argv), names = NULL;
    PupWorkshop shop;

    if (!pup_cli_parse(cli, NULL, &args, error) ||
        !pup_cli_workshop_to_look(cli, &shop, error))
        return FALSE;
    names = pup_store_names(shop.store, PUP_KIND_MASTER, error);
    if (!names)
        return FALSE;
    for (unsigned i = 0; names[i]; i++)
        if (!add_master(&shop, table, names[i], error))
            return FALSE;
    pup_cli_print(cli, table);
    warn(cli, &shop);
    return TRUE;
}

const PupCommand pup_cmd_master_list = {
    .name = "master list",
    .args = "",
    .summary = "List the masters and their versions",
    .flags = PUP_CLI_LISTS,
    .run = run,
};
