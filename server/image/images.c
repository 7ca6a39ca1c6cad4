/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/images.h"

#include <string.h>
#include <unistd.h>

#include "lib/ident.h"
#include "server/image/qemu_img.h"
#include "server/image/workshop.h"

static void
image_free(gpointer data)
{
    PupImage *image = data;

    g_free(image->name);
    g_free(image->master);
    g_free(image);
}

static gboolean
add_file(const PupWorkshop *shop, GPtrArray *images, PupKind kind, const char *name,
         unsigned version, GError **error)
{
    g_autofree char *path = kind == PUP_KIND_MASTER ? pup_master_path(shop, name, version)
                                                    : pup_room_path(shop, name);
    g_autoptr(PupImageInfo) info = NULL;
    PupImage *image;

    if (access(path, F_OK) < 0)
        return TRUE;
    info = pup_image_info(path, "qcow2", shop->cancellable, error);
    if (!info)
        return FALSE;
    image = g_new0(PupImage, 1);
    image->kind = kind;
    image->name = g_strdup(name);
    image->version = version;
    image->virtual_bytes = info->virtual_bytes;
    image->file_bytes = info->actual_bytes;
    if (info->backing)
        pup_workshop_parse_backing(info->backing, &image->master, &image->master_version);
    g_ptr_array_add(images, image);
    return TRUE;
}

static gboolean
add_masters(const PupWorkshop *shop, GPtrArray *images, GError **error)
{
    g_auto(GStrv) names = pup_store_names(shop->store, PUP_KIND_MASTER, error);

    for (char **name = names; name && *name; name++) {
        g_autoptr(GArray) versions =
            pup_store_versions(shop->store, PUP_KIND_MASTER, *name, error);
        if (!versions)
            return FALSE;
        for (unsigned i = 0; i < versions->len; i++)
            if (!add_file(shop, images, PUP_KIND_MASTER, *name,
                          g_array_index(versions, unsigned, i), error))
                return FALSE;
    }
    return names != NULL;
}

/* By their files: a sub-master stands on its master even where its room's profile is
 * gone.
 */
static gboolean
add_rooms(const PupWorkshop *shop, GPtrArray *images, GError **error)
{
    g_autofree char *any = pup_room_path(shop, "any");
    g_autofree char *folder = g_path_get_dirname(any);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;

    while (dir && (file = g_dir_read_name(dir))) {
        g_autofree char *room = g_strdup(file);
        if (!g_str_has_suffix(room, ".qcow2"))
            continue;
        room[strlen(room) - strlen(".qcow2")] = '\0';
        if (pup_ident_check("room", room, NULL) &&
            !add_file(shop, images, PUP_KIND_ROOM, room, 0, error))
            return FALSE;
    }
    return TRUE;
}

static int
compare_images(gconstpointer a, gconstpointer b)
{
    const PupImage *left = *(PupImage *const *) a, *right = *(PupImage *const *) b;
    int order = strcmp(left->name, right->name);

    if (left->kind != right->kind)
        return left->kind == PUP_KIND_MASTER ? -1 : 1;
    return order != 0 ? order : left->version < right->version ? -1 : 1;
}

GPtrArray *
pup_images_list(const PupWorkshop *shop, GError **error)
{
    g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(image_free);

    if (!add_masters(shop, images, error) || !add_rooms(shop, images, error))
        return NULL;
    g_ptr_array_sort(images, compare_images);
    return g_steal_pointer(&images);
}

const PupImage *
pup_images_master(const GPtrArray *images, const char *name, unsigned version)
{
    for (unsigned i = 0; i < images->len; i++) {
        const PupImage *image = g_ptr_array_index(images, i);
        if (image->kind == PUP_KIND_MASTER && image->version == version &&
            strcmp(image->name, name) == 0)
            return image;
    }
    return NULL;
}

unsigned
pup_images_users(const GPtrArray *images, const char *name, unsigned version)
{
    unsigned n = 0;

    for (unsigned i = 0; i < images->len; i++) {
        const PupImage *image = g_ptr_array_index(images, i);
        if (image->kind == PUP_KIND_ROOM && image->master_version == version &&
            g_strcmp0(image->master, name) == 0)
            n++;
    }
    return n;
}
