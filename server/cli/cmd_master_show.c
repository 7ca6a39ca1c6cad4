/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"

#include <jansson.h>
#include <sys/stat.h>

#include "lib/ident.h"
#include "lib/time_text.h"
#include "server/cli/out.h"
#include "server/image/images.h"
#include "server/image/needs.h"

typedef struct {
    PupManifest *manifest;
    gboolean current;
    char *file;
    guint64 file_bytes; /* 0: it is not there */
    gboolean looked, has_needs;
    PupLook look;
    PupNeeds needs;
    char **rooms; /* that stand on it */
} Master;

static void
master_clear(Master *master)
{
    pup_manifest_free(master->manifest);
    g_free(master->file);
    g_strfreev(master->rooms);
}

static char **
find_rooms(const PupWorkshop *shop, const PupManifest *manifest, GError **error)
{
    g_autoptr(GStrvBuilder) rooms = g_strv_builder_new();
    g_autoptr(GPtrArray) images = pup_images_list(shop, error);

    if (!images)
        return NULL;
    for (guint i = 0; i < images->len; i++) {
        const PupImage *image = g_ptr_array_index(images, i);
        if (image->kind == PUP_IMAGE_SUB_MASTER &&
            image->master_version == manifest->version &&
            g_strcmp0(image->master, manifest->name) == 0)
            g_strv_builder_add(rooms, image->name);
    }
    return g_strv_builder_end(rooms);
}

static gboolean
load(const PupWorkshop *shop, const char *label, Master *master, GError **error)
{
    g_autofree char *name = NULL;
    unsigned version = 0;
    struct stat st;

    if (!pup_ident_split("master", label, &name, &version, error))
        return FALSE;
    master->manifest = pup_workshop_manifest(shop, PUP_KIND_MASTER, name, version, error);
    if (!master->manifest)
        return FALSE;
    version = master->manifest->version;
    master->current =
        pup_store_current(shop->store, PUP_KIND_MASTER, name, NULL) == version;
    master->file = pup_master_path(shop, name, version);
    if (stat(master->file, &st) == 0)
        master->file_bytes = (guint64) st.st_blocks * 512;
    master->looked = pup_look_file(shop, master->file, &master->look, NULL);
    master->has_needs = pup_master_needs(shop, master->manifest, &master->needs, NULL);
    master->rooms = find_rooms(shop, master->manifest, error);
    return master->rooms != NULL;
}

static void
print_text(const Master *master)
{
    const PupManifest *manifest = master->manifest;
    g_autofree char *size = pup_bytes_format(manifest->disk_bytes);
    g_autofree char *file = pup_bytes_format(master->file_bytes);
    g_autofree char *needs = pup_needs_text(&master->needs);
    g_autofree char *rooms = g_strjoinv(", ", master->rooms);
    g_autofree char *made = pup_time_text_of(manifest->created);

    pup_out_line("master      %s@%u%s, made %s", manifest->name, manifest->version,
                 master->current ? ", the current version" : "", made);
    pup_out_line("disk        %s; %s%s%s", size, master->file,
                 master->file_bytes > 0 ? ", " : " is not there: see `pupitre fsck`",
                 master->file_bytes > 0 ? file : "");
    if (master->looked)
        pup_out_line("looks like  %s", pup_look_text(&master->look));
    pup_out_line("needs       %s",
                 master->has_needs ? needs : "unknown: its file is gone");
    pup_out_line("rooms       %s", *rooms ? rooms : "none stands on it");
}

static json_t *
json_of_needs(const Master *master)
{
    const PupNeeds *needs = &master->needs;

    if (!master->has_needs)
        return json_null();
    return json_pack(
        "{s:s, s:s, s:s, s:b, s:b}", "firmware", pup_firmware_name(needs->firmware),
        "disk", pup_disk_bus_name(needs->disk_bus), "clock", pup_clock_name(needs->clock),
        "tpm", needs->tpm, "hyperv", needs->hyperv);
}

static json_t *
json_of_look(const Master *master)
{
    const PupLook *look = &master->look;

    if (!master->looked)
        return json_null();
    return json_pack("{s:b, s:b, s:b}", "uefi", look->uefi || look->esp, "bios",
                     look->bios, "windows", look->windows);
}

static void
print_json(const Master *master)
{
    const PupManifest *manifest = master->manifest;
    json_t *rooms = json_array();
    json_t *root;

    for (char **room = master->rooms; *room; room++)
        json_array_append_new(rooms, json_string(*room));
    root = json_pack(
        "{s:s, s:i, s:b, s:s, s:I, s:s, s:I, s:o, s:o, s:o}", "name", manifest->name,
        "version", (int) manifest->version, "current", master->current, "created",
        manifest->created, "disk_bytes", (json_int_t) manifest->disk_bytes, "file",
        master->file, "file_bytes", (json_int_t) master->file_bytes, "looks_like",
        json_of_look(master), "needs", json_of_needs(master), "rooms", rooms);
    pup_out_json(root);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    Master master = {NULL};
    PupWorkshop shop;
    gboolean loaded;

    if (!pup_cli_parse(cli, NULL, &args, error) ||
        !pup_cli_workshop_to_look(cli, &shop, error))
        return FALSE;
    loaded = load(&shop, args[0], &master, error);
    if (loaded && cli->json)
        print_json(&master);
    else if (loaded)
        print_text(&master);
    master_clear(&master);
    return loaded;
}

const PupCommand pup_cmd_master_show = {
    .name = "master show",
    .args = "NAME[@VERSION]",
    .summary = "Show a version of a master: its disk, what it needs, its rooms",
    .flags = PUP_CLI_LISTS,
    .min_args = 1,
    .max_args = 1,
    .run = run,
    .quiet = "Print no notes",
};
