/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One row a thing that can be removed by itself: a master's file, a layer that a recipe's
 * step made, a room's sub-master, a version in the store. What stands on a file is
 * shared; what only it holds is its own.
 */
#include "server/cli/commands.h"
#include "server/cli/out.h"
#include "server/cli/progress.h"

#include "server/image/chain.h"
#include "server/image/images.h"
#include "server/store/usage.h"

/* Of a layer's digest, for people. */
#define LAYER_CHARS 12

static const PupColumn columns[] = {
    {"NAME", "name", PUP_CELL_TEXT},
    {"KIND", "kind", PUP_CELL_TEXT},
    {"CURRENT", "current", PUP_CELL_BOOL, PUP_COLUMN_WIDE},
    {"ON", "derives_from", PUP_CELL_TEXT},
    {"VIRTUAL", "virtual_bytes", PUP_CELL_BYTES, PUP_COLUMN_WIDE},
    {"ALLOCATED", "allocated_bytes", PUP_CELL_BYTES, PUP_COLUMN_WIDE},
    {"OWN", "own_bytes", PUP_CELL_BYTES},
    {"SHARED", "shared_bytes", PUP_CELL_BYTES},
    {"COMPRESSED", "compressed_bytes", PUP_CELL_BYTES, PUP_COLUMN_WIDE},
    {"FREES", "frees_bytes", PUP_CELL_BYTES},
    {NULL},
};

/* "win11@3"; NULL where there is no such thing. */
static char *
label_of(const char *name, unsigned version)
{
    return name ? g_strdup_printf("%s@%u", name, version) : NULL;
}

static void
add_master(PupTable *table, const GPtrArray *images, const PupImage *image)
{
    gboolean used = pup_images_users(images, image->name, image->version) > 0;
    g_autofree char *label = label_of(image->name, image->version);
    guint64 own = used ? 0 : image->file_bytes;

    pup_table_add(table, label, "master", FALSE, NULL, image->virtual_bytes,
                  image->file_bytes, own, image->file_bytes - own, PUP_NO_BYTES, own);
}

/* What the files take that @image stands on. */
static guint64
bytes_below(const GPtrArray *images, const PupImage *image)
{
    const PupImage *master =
        image->master ? pup_images_master(images, image->master, image->master_version)
                      : NULL;
    guint64 bytes = master ? master->file_bytes : 0;

    for (unsigned n = 0; image && image->layer && n < PUP_CHAIN_MAX; n++) {
        image = pup_images_layer(images, image->layer);
        bytes += image ? image->file_bytes : 0;
    }
    return bytes;
}

static void
add_sub_master(PupTable *table, const GPtrArray *images, const PupImage *image)
{
    g_autofree char *on = label_of(image->master, image->master_version);

    pup_table_add(table, image->name, "sub-master", FALSE, on, image->virtual_bytes,
                  image->file_bytes, image->file_bytes, bytes_below(images, image),
                  PUP_NO_BYTES, image->file_bytes);
}

/* The disk after a step of a recipe. */
static void
add_layer(PupTable *table, const GPtrArray *images, const PupImage *image)
{
    gboolean used = pup_images_layer_users(images, image->name) > 0;
    g_autofree char *label = g_strndup(image->name, LAYER_CHARS);
    g_autofree char *on = label_of(image->master, image->master_version);
    guint64 own = used ? 0 : image->file_bytes;

    pup_table_add(
        table, label, "layer", FALSE, on, image->virtual_bytes, image->file_bytes, own,
        image->file_bytes - own + bytes_below(images, image), PUP_NO_BYTES, own);
}

static void
add_version(PupTable *table, const PupVersionUsage *version)
{
    g_autofree char *label = label_of(version->name, version->version);
    g_autofree char *on = label_of(version->master, version->master_version);

    pup_table_add(table, label, "version", (int) version->current, on,
                  version->disk_bytes, version->allocated_bytes, version->own_bytes,
                  version->shared_bytes, version->encoded_bytes, version->frees_bytes);
}

static PupTable *
table_of(const GPtrArray *images, const PupUsage *usage)
{
    PupTable *table = pup_table_new("usage", columns);

    for (unsigned i = 0; i < images->len; i++) {
        const PupImage *image = g_ptr_array_index(images, i);
        if (image->kind == PUP_IMAGE_MASTER)
            add_master(table, images, image);
        else if (image->kind == PUP_IMAGE_LAYER)
            add_layer(table, images, image);
        else
            add_sub_master(table, images, image);
    }
    for (unsigned i = 0; i < usage->versions->len; i++)
        add_version(table, g_ptr_array_index(usage->versions, i));
    return table;
}

static guint64
bytes_of_files(const GPtrArray *images)
{
    guint64 bytes = 0;

    for (unsigned i = 0; i < images->len; i++)
        bytes += ((const PupImage *) g_ptr_array_index(images, i))->file_bytes;
    return bytes;
}

/* The packages that `image build` keeps, so that the next one need not fetch them: their
 * folder, new string, and what it takes; 0 where there is none. */
static char *
package_cache(const PupSettings *settings, guint64 *bytes)
{
    char *path = pup_settings_path(settings, "client-image/.cache");
    g_autoptr(GFile) folder = g_file_new_for_path(path);

    *bytes = 0;
    g_file_measure_disk_usage(folder, G_FILE_MEASURE_NONE, NULL, NULL, NULL, bytes, NULL,
                              NULL, NULL);
    return path;
}

static void
print_json(const PupTable *table, guint64 file_bytes, guint64 store_bytes,
           guint64 cache_bytes)
{
    json_t *root =
        json_pack("{s:O, s:I, s:I, s:I}", "usage", pup_table_rows(table), "images_bytes",
                  (json_int_t) file_bytes, "versions_bytes", (json_int_t) store_bytes,
                  "package_cache_bytes", (json_int_t) cache_bytes);
    pup_out_json(root);
}

static void
print(const PupCli *cli, const GPtrArray *images, const PupUsage *usage)
{
    g_autoptr(PupTable) table = table_of(images, usage);
    guint64 bytes = bytes_of_files(images);
    g_autofree char *files = pup_bytes_format(bytes);
    g_autofree char *versions = pup_bytes_format(usage->encoded_bytes);

    guint64 cache_bytes = 0;
    g_autofree char *cache = package_cache(cli->settings, &cache_bytes);
    g_autofree char *packages = pup_bytes_format(cache_bytes);

    if (cli->json) {
        print_json(table, bytes, usage->encoded_bytes, cache_bytes);
        return;
    }
    pup_cli_print(cli, table);
    if (cli->quiet)
        return;
    pup_out_line("images take %s, versions %s in the store", files, versions);
    if (cache_bytes > 0)
        pup_out_line("the packages of `image build` take %s in %s, which may be removed",
                     packages, cache);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_autoptr(PupBar) bar = NULL;
    g_autoptr(GPtrArray) images = NULL;
    g_autoptr(PupUsage) usage = NULL;
    PupWorkshop shop;

    if (!pup_cli_parse(cli, NULL, &args, error) ||
        !pup_cli_workshop_to_look(cli, &shop, error))
        return FALSE;
    bar = pup_bar_new(cli->quiet);
    images = pup_images_list(&shop, error);
    if (!images)
        return FALSE;
    usage = pup_store_usage(shop.store, pup_bar_update, bar, shop.cancellable, error);
    if (!usage)
        return FALSE;
    g_clear_pointer(&bar, pup_bar_free);
    print(cli, images, usage);
    return TRUE;
}

const PupCommand pup_cmd_image_usage = {
    .name = "image usage",
    .args = "",
    .summary = "Show what images and versions take and would give back",
    .flags = PUP_CLI_LISTS | PUP_CLI_WIDE,
    .run = run,
};
