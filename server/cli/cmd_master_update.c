/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/out.h"
#include "server/cli/import.h"

#include <string.h>

#include "lib/error.h"
#include "server/image/images.h"

static gboolean
check_there(PupStore *store, const char *name, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (pup_store_current(store, PUP_KIND_MASTER, name, &why) > 0)
        return TRUE;
    if (g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        pup_error_set(error, PUP_ERROR_NOT_FOUND,
                      "%s; `pupitre master import` makes a new one", why->message);
    else
        g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

/* One room that stands on another version than @version, and what would move it. */
static void
say_room(const PupWorkshop *shop, const PupImage *image, unsigned version)
{
    g_autoptr(PupRoomProfile) profile =
        pup_catalog_room(shop->catalog, image->name, NULL);
    gboolean pinned = profile && profile->master_version > 0 &&
                      profile->master_version != version &&
                      strcmp(profile->master, image->master) == 0;
    g_autofree char *why =
        pinned ? g_strdup_printf("its profile says master = %s@%u", profile->master,
                                 profile->master_version)
               : g_strdup_printf("`pupitre room rebase %s` moves it", image->name);

    pup_out_line("room %s stays on %s@%u: %s", image->name, image->master,
                 image->master_version, why);
}

static gboolean
say_rooms(PupCli *cli, const char *name, unsigned version, GError **error)
{
    PupWorkshop shop;
    g_autoptr(GPtrArray) images = NULL;

    if (cli->quiet)
        return TRUE;
    if (!pup_cli_workshop(cli, &shop, error))
        return FALSE;
    images = pup_images_list(&shop, error);
    for (guint i = 0; images && i < images->len; i++) {
        const PupImage *image = g_ptr_array_index(images, i);
        if (image->kind == PUP_IMAGE_SUB_MASTER && g_strcmp0(image->master, name) == 0 &&
            image->master_version != version)
            say_room(&shop, image, version);
    }
    return images != NULL;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(PupCliImport) from = {0};
    g_auto(GStrv) args = g_strdupv(argv);
    PupPublishReport report = {0};
    PupStore *store;

    if (!pup_cli_import_parse(cli, &from, &args, error))
        return FALSE;
    store = pup_cli_store(cli, error);
    return store && check_there(store, args[0], error) &&
           pup_cli_import(cli, args, &from, &report, error) &&
           say_rooms(cli, args[0], report.version, error);
}

const PupCommand pup_cmd_master_update = {
    .name = "master update",
    .args = "NAME [FILE]",
    .summary = "Import a disk as the next version of a master that is there",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 2,
    .run = run,
};
