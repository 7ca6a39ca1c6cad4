/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/images.h"

#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/ident.h"
#include "server/image/chain.h"
#include "server/image/infos.h"
#include "server/image/lock.h"
#include "server/image/qemu_img.h"
#include "server/image/workshop.h"

static void
image_free(gpointer data)
{
    PupImage *image = data;

    g_free(image->name);
    g_free(image->layer);
    g_free(image->master);
    g_free(image);
}

/* Add the image of @path, unless it is not there; *@added: what to fill in further, or
 * NULL. */
static gboolean
add_file(const PupWorkshop *shop, GPtrArray *images, PupImageKind kind, const char *path,
         PupImage **added, GError **error)
{
    g_autoptr(PupImageInfo) info = NULL;
    PupImage *image;

    *added = NULL;
    if (access(path, F_OK) < 0)
        return TRUE;
    info = pup_image_infos_ask(shop, path, error);
    if (!info)
        return FALSE;
    image = g_new0(PupImage, 1);
    image->kind = kind;
    image->virtual_bytes = info->virtual_bytes;
    image->file_bytes = info->actual_bytes;
    if (info->backing) {
        image->layer = pup_backing_parse_layer(info->backing);
        pup_backing_parse_master(info->backing, &image->master, &image->master_version);
    }
    g_ptr_array_add(images, image);
    *added = image;
    return TRUE;
}

static gboolean
add_master(const PupWorkshop *shop, GPtrArray *images, const char *name, unsigned version,
           GError **error)
{
    g_autofree char *path = pup_master_path(shop, name, version);
    PupImage *image;

    if (!add_file(shop, images, PUP_IMAGE_MASTER, path, &image, error))
        return FALSE;
    if (image) {
        image->name = g_strdup(name);
        image->version = version;
    }
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
            if (!add_master(shop, images, *name, g_array_index(versions, unsigned, i),
                            error))
                return FALSE;
    }
    return names != NULL;
}

/* The name of a room or layer that the file "NAME.qcow2" is of, new string; NULL where it
 * is of none. */
static char *
name_of(PupImageKind kind, const char *file)
{
    g_autofree char *backing = g_strconcat("../layers/", file, NULL);
    g_autofree char *name = g_strdup(file);

    if (kind == PUP_IMAGE_LAYER)
        return pup_backing_parse_layer(backing);
    if (!g_str_has_suffix(file, ".qcow2"))
        return NULL;
    name[strlen(name) - strlen(".qcow2")] = '\0';
    return pup_ident_check("room", name, NULL) ? g_steal_pointer(&name) : NULL;
}

/* By their files: a sub-master stands on its master even where its room's profile is
 * gone. */
static gboolean
add_folder(const PupWorkshop *shop, GPtrArray *images, PupImageKind kind, GError **error)
{
    g_autofree char *folder = pup_settings_path(
        shop->settings, kind == PUP_IMAGE_LAYER ? "images/layers" : "images/rooms");
    g_auto(GStrv) files = pup_file_list(folder, error);

    for (char **file = files; file && *file; file++) {
        g_autofree char *path = g_build_filename(folder, *file, NULL);
        g_autofree char *name = name_of(kind, *file);
        PupImage *image = NULL;
        if (name && !add_file(shop, images, kind, path, &image, error))
            return FALSE;
        if (image)
            image->name = g_steal_pointer(&name);
    }
    return files != NULL;
}

static int
compare_images(gconstpointer a, gconstpointer b)
{
    const PupImage *left = *(PupImage *const *) a, *right = *(PupImage *const *) b;
    int order = strcmp(left->name, right->name);

    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return order != 0 ? order : left->version < right->version ? -1 : 1;
}

/* The master at the end of the layers that @image stands on. */
static void
resolve_master(const GPtrArray *images, PupImage *image)
{
    const PupImage *below = image;

    for (unsigned n = 0; below && !below->master && n < PUP_CHAIN_MAX; n++)
        below = below->layer ? pup_images_layer(images, below->layer) : NULL;
    if (!below || below == image || !below->master)
        return;
    image->master = g_strdup(below->master);
    image->master_version = below->master_version;
}

GPtrArray *
pup_images_list(const PupWorkshop *shop, GError **error)
{
    g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(image_free);

    if (!add_masters(shop, images, error) ||
        !add_folder(shop, images, PUP_IMAGE_LAYER, error) ||
        !add_folder(shop, images, PUP_IMAGE_SUB_MASTER, error))
        return NULL;
    for (unsigned i = 0; i < images->len; i++)
        resolve_master(images, g_ptr_array_index(images, i));
    g_ptr_array_sort(images, compare_images);
    return g_steal_pointer(&images);
}

static const PupImage *
find(const GPtrArray *images, PupImageKind kind, const char *name, unsigned version)
{
    for (unsigned i = 0; i < images->len; i++) {
        const PupImage *image = g_ptr_array_index(images, i);
        if (image->kind == kind && image->version == version &&
            strcmp(image->name, name) == 0)
            return image;
    }
    return NULL;
}

const PupImage *
pup_images_master(const GPtrArray *images, const char *name, unsigned version)
{
    return find(images, PUP_IMAGE_MASTER, name, version);
}

const PupImage *
pup_images_layer(const GPtrArray *images, const char *digest)
{
    return find(images, PUP_IMAGE_LAYER, digest, 0);
}

unsigned
pup_images_users(const GPtrArray *images, const char *name, unsigned version)
{
    unsigned n = 0;

    for (unsigned i = 0; i < images->len; i++) {
        const PupImage *image = g_ptr_array_index(images, i);
        if (image->kind != PUP_IMAGE_MASTER && image->master_version == version &&
            g_strcmp0(image->master, name) == 0)
            n++;
    }
    return n;
}

unsigned
pup_images_layer_users(const GPtrArray *images, const char *digest)
{
    unsigned n = 0;

    for (unsigned i = 0; i < images->len; i++)
        if (g_strcmp0(((PupImage *) g_ptr_array_index(images, i))->layer, digest) == 0)
            n++;
    return n;
}

/* TRUE when somebody has the lock of a room, or may have: what that will stand on is not
 * told yet. */
static gboolean
a_room_is_worked_on(const PupWorkshop *shop)
{
    static const char before[] = "room-", after[] = ".lock";
    g_autofree char *folder = pup_settings_path(shop->settings, "run");
    g_auto(GStrv) files = pup_file_list(folder, NULL);

    for (char **file = files; file && *file; file++) {
        g_autoptr(PupLock) lock = NULL;
        g_autofree char *room = NULL;
        if (!g_str_has_prefix(*file, before) || !g_str_has_suffix(*file, after))
            continue;
        room = g_strndup(*file + strlen(before),
                         strlen(*file) - strlen(before) - strlen(after));
        lock = pup_lock_take(shop->settings, "room", room, NULL);
        if (!lock)
            return TRUE;
    }
    return files == NULL;
}

gboolean
pup_images_hold_master(const PupWorkshop *shop, const char *name, unsigned version)
{
    g_autoptr(GPtrArray) images = NULL;

    /* In this order: what was being made is a file once its lock is free. */
    if (a_room_is_worked_on(shop))
        return TRUE;
    images = pup_images_list(shop, NULL);
    return !images || pup_images_users(images, name, version) > 0;
}
