/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/compacted.h"
#include "server/cli/progress.h"

#include <unistd.h>

#include "lib/error.h"
#include "lib/ident.h"

static gboolean
compact(PupCli *cli, PupWorkshop *shop, const char *name, unsigned version,
        GError **error)
{
    g_autoptr(PupBar) bar = pup_bar_new(cli->quiet);
    g_autofree char *label = g_strdup_printf("%s@%u", name, version);
    PupCompactReport report = {0};

    shop->progress = pup_bar_update;
    shop->progress_data = bar;
    if (!pup_master_compact(shop, name, version, &report, error))
        return FALSE;
    g_clear_pointer(&bar, pup_bar_free);
    pup_cli_say_compacted(cli, label, &report);
    return TRUE;
}

/* All versions that have their file still. */
static gboolean
compact_all(PupCli *cli, PupWorkshop *shop, const char *name, GError **error)
{
    g_autoptr(GArray) versions =
        pup_store_versions(shop->store, PUP_KIND_MASTER, name, error);

    if (!versions)
        return FALSE;
    if (versions->len == 0 &&
        pup_store_current(shop->store, PUP_KIND_MASTER, name, error) == 0)
        return FALSE;
    for (guint i = 0; i < versions->len; i++) {
        unsigned version = g_array_index(versions, unsigned, i);
        g_autofree char *path = pup_master_path(shop, name, version);
        if (access(path, F_OK) == 0 && !compact(cli, shop, name, version, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_autofree char *name = NULL;
    unsigned version = 0;
    PupWorkshop shop;

    if (!pup_cli_parse(cli, NULL, &args, error) ||
        !pup_ident_split("master", args[0], &name, &version, error))
        return FALSE;
    pup_cli_catch_signals(cli);
    if (!pup_cli_workshop(cli, &shop, error))
        return FALSE;
    return version > 0 ? compact(cli, &shop, name, version, error)
                       : compact_all(cli, &shop, name, error);
}

const PupCommand pup_cmd_master_compact = {
    .name = "master compact",
    .args = "NAME[@VERSION]",
    .summary = "Give back what a master's files hold for nothing",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
