/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"
#include "server/image/chain.h"
#include "server/image/images.h"
#include "server/image/lock.h"
#include "server/image/qemu_img.h"
#include "server/image/workshop.h"

unsigned
pup_layers_there(const PupWorkshop *shop, char **digests)
{
    unsigned n = 0;

    for (; digests[n]; n++) {
        g_autofree char *path = pup_layer_path(shop, digests[n]);
        if (access(path, F_OK) < 0)
            break;
    }
    return n;
}

/* ---- making --------------------------------------------------------------------------
 */

/* Put the finished @temp into place, unless another room was first. */
static gboolean
place(const char *temp, const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = open(temp, O_RDONLY | O_CLOEXEC);
    gboolean placed = fd >= 0 && fchmod(fd, 0444) == 0 && fsync(fd) == 0 &&
                      (link(temp, path) == 0 || errno == EEXIST);

    if (!placed)
        pup_error_set_errno(error, errno, "cannot put '%s' into place", path);
    if (fd >= 0)
        close(fd);
    unlink(temp);
    return placed && pup_file_sync_dir(folder, error);
}

/* A layer that got lost and is made again has the same files in other places of the disk:
 * what stood on the lost one would read garbage. */
static gboolean
check_unused(const PupRecipeRun *run, const char *digest, GError **error)
{
    g_autoptr(GPtrArray) images = pup_images_list(run->shop, error);
    g_autofree char *path = pup_layer_path(run->shop, digest);

    for (unsigned i = 0; images && i < images->len; i++) {
        const PupImage *image = g_ptr_array_index(images, i);
        gboolean own =
            image->kind == PUP_IMAGE_SUB_MASTER && strcmp(image->name, run->room) == 0;
        if (own || g_strcmp0(image->layer, digest) != 0)
            continue;
        pup_error_set(error, PUP_ERROR_CORRUPT,
                      "'%s' is gone, and the %s '%s' stands on it, which is of no use "
                      "without: remove its file, too",
                      path, image->kind == PUP_IMAGE_LAYER ? "layer" : "sub-master of",
                      image->name);
        return FALSE;
    }
    return images != NULL;
}

/* The files may have been edited while they were placed. */
static gboolean
check_digest(const PupRecipeRun *run, const PupManifest *master, const char *digest,
             unsigned index, GError **error)
{
    g_autoptr(PupRecipe) now =
        pup_recipe_read(run->shop->settings->recipes_dir, run->room, error);
    g_auto(GStrv) digests = now ? pup_recipe_digests(now, master, error) : NULL;

    if (!digests)
        return FALSE;
    if (index < g_strv_length(digests) && strcmp(digests[index], digest) == 0)
        return TRUE;
    pup_error_set(error, PUP_ERROR_BUSY,
                  "the recipe of room '%s' was changed while it was followed; "
                  "regenerate the room again",
                  run->room);
    return FALSE;
}

static gboolean
make_layer(const PupRecipeRun *run, const PupRecipeStep *step, const char *temp,
           const char *backing, GError **error)
{
    g_autofree char *head = g_strdup_printf("\n== step %s\n", step->label);

    if (run->output)
        run->output(run->data, head, strlen(head));
    unlink(temp);
    return pup_image_create_overlay(temp, backing, run->shop->cancellable, error) &&
           pup_recipe_run_step(run, step, temp, error) &&
           pup_failpoint("step-ended", error);
}

static void
say_progress(const PupRecipeRun *run, unsigned index)
{
    const PupWorkshop *shop = run->shop;
    const PupRecipeStep *step = g_ptr_array_index(run->recipe->steps, index);
    g_autofree char *what = g_strdup_printf("step %u of %u: %s", index + 1,
                                            run->recipe->steps->len, step->label);

    if (shop->progress)
        shop->progress(shop->progress_data, what, 0, 0);
}

static gboolean
make_one(const PupRecipeRun *run, char **digests, const PupManifest *master,
         unsigned index, const char *temp, GError **error)
{
    g_autofree char *path = pup_layer_path(run->shop, digests[index]);
    g_autofree char *backing = index > 0
                                   ? pup_backing_layer(digests[index - 1])
                                   : pup_backing_master(master->name, master->version);

    say_progress(run, index);
    if (check_unused(run, digests[index], error) &&
        make_layer(run, g_ptr_array_index(run->recipe->steps, index), temp, backing,
                   error) &&
        check_digest(run, master, digests[index], index, error))
        return place(temp, path, error) && pup_failpoint("layer-placed", error);
    unlink(temp);
    return FALSE;
}

gboolean
pup_layers_make(const PupRecipeRun *run, char **digests, const PupManifest *master,
                const char *temp, unsigned *n_made, GError **error)
{
    g_autofree char *folder = pup_settings_path(run->shop->settings, "images/layers");

    *n_made = 0;
    if (!pup_file_make_dir(folder, error))
        return FALSE;
    for (unsigned i = pup_layers_there(run->shop, digests); digests[i]; i++, ++*n_made)
        if (!make_one(run, digests, master, i, temp, error))
            return FALSE;
    return TRUE;
}

/* ---- freeing -------------------------------------------------------------------------
 */

/* What the recipe of @room needs now. */
static gboolean
need_recipe(const PupWorkshop *shop, const char *room, GHashTable *needed, GError **error)
{
    g_autoptr(PupRoomProfile) profile = pup_catalog_room(shop->catalog, room, error);
    g_autoptr(PupManifest) master = NULL;
    g_autoptr(PupRecipe) recipe = NULL;
    g_auto(GStrv) digests = NULL;

    if (!profile)
        return FALSE;
    master = pup_workshop_manifest(shop, PUP_KIND_MASTER, profile->master,
                                   profile->master_version, error);
    recipe = master ? pup_recipe_read(shop->settings->recipes_dir, room, error) : NULL;
    digests = recipe ? pup_recipe_digests(recipe, master, error) : NULL;
    for (unsigned i = 0; digests && digests[i]; i++)
        g_hash_table_add(needed, g_strdup(digests[i]));
    if (digests)
        return TRUE;
    g_prefix_error(error,
                   "what room '%s' needs is not known, so all layers stay: ", room);
    return FALSE;
}

/* What @image stands on, down to the master. */
static void
need_below(const GPtrArray *images, const PupImage *image, GHashTable *needed)
{
    for (unsigned n = 0; image && image->layer && n < PUP_CHAIN_MAX; n++) {
        g_hash_table_add(needed, g_strdup(image->layer));
        image = pup_images_layer(images, image->layer);
    }
}

/* Sub-masters' files, and below what recipes need what that stands on. */
static void
need_images(const GPtrArray *images, GHashTable *needed)
{
    for (unsigned i = 0; i < images->len; i++) {
        const PupImage *image = g_ptr_array_index(images, i);
        if (image->kind == PUP_IMAGE_SUB_MASTER ||
            (image->kind == PUP_IMAGE_LAYER &&
             g_hash_table_contains(needed, image->name)))
            need_below(images, image, needed);
    }
}

static gboolean
free_layer(const PupWorkshop *shop, const PupImage *layer, PupLayersReport *report,
           GError **error)
{
    g_autofree char *path = pup_layer_path(shop, layer->name);

    if (!shop->dry_run && unlink(path) < 0 && errno != ENOENT) {
        pup_error_set_errno(error, errno, "cannot remove '%s'", path);
        return FALSE;
    }
    report->n_files++;
    report->bytes += layer->file_bytes;
    return TRUE;
}

/* With the locks of all rooms in @locks; FALSE in *@quiet when one is not to be had. */
static gboolean
lock_rooms(const PupWorkshop *shop, char **rooms, GPtrArray *locks, gboolean *quiet,
           GError **error)
{
    *quiet = TRUE;
    for (char **room = rooms; *room && *quiet; room++) {
        g_autoptr(GError) why = NULL;
        PupLock *lock = pup_lock_take(shop->settings, "room", *room, &why);
        if (lock)
            g_ptr_array_add(locks, lock);
        else if (g_error_matches(why, PUP_ERROR, PUP_ERROR_BUSY))
            *quiet = FALSE;
        else {
            g_propagate_error(error, g_steal_pointer(&why));
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
free_unneeded(const PupWorkshop *shop, char **rooms, PupLayersReport *report,
              GError **error)
{
    g_autoptr(GPtrArray) images = pup_images_list(shop, error);
    g_autoptr(GHashTable) needed =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (!images)
        return FALSE;
    for (char **room = rooms; *room; room++)
        if (!need_recipe(shop, *room, needed, error))
            return FALSE;
    need_images(images, needed);
    for (unsigned i = 0; i < images->len; i++) {
        const PupImage *image = g_ptr_array_index(images, i);
        if (image->kind == PUP_IMAGE_LAYER &&
            !g_hash_table_contains(needed, image->name) &&
            !free_layer(shop, image, report, error))
            return FALSE;
    }
    return TRUE;
}

static void
free_lock(gpointer lock)
{
    pup_lock_free(lock);
}

gboolean
pup_layers_free(const PupWorkshop *shop, PupLayersReport *report, GError **error)
{
    g_autofree char *folder = pup_settings_path(shop->settings, "images/layers");
    g_auto(GStrv) rooms = pup_catalog_rooms(shop->catalog, error);
    g_autoptr(GPtrArray) locks = g_ptr_array_new_with_free_func(free_lock);
    gboolean quiet = FALSE;

    memset(report, 0, sizeof *report);
    if (!rooms)
        return FALSE;
    if (access(folder, F_OK) < 0)
        return TRUE;
    if (!lock_rooms(shop, rooms, locks, &quiet, error))
        return FALSE;
    return !quiet || free_unneeded(shop, rooms, report, error);
}
