/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/infos.h"

#include <sys/stat.h>

#include "lib/file.h"

/* Of a file, at the moment before it was asked about. */
typedef struct {
    struct stat st;
    PupImageInfo *info;
} Known;

struct PupImageInfos {
    GMutex lock;
    GHashTable *known; /* path -> Known */
};

static void
known_free(gpointer data)
{
    Known *known = data;

    pup_image_info_free(known->info);
    g_free(known);
}

PupImageInfos *
pup_image_infos_new(void)
{
    PupImageInfos *infos = g_new0(PupImageInfos, 1);

    g_mutex_init(&infos->lock);
    infos->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, known_free);
    return infos;
}

void
pup_image_infos_free(PupImageInfos *infos)
{
    if (!infos)
        return;
    g_hash_table_unref(infos->known);
    g_mutex_clear(&infos->lock);
    g_free(infos);
}

/* New; NULL where that is not known. */
static PupImageInfo *
look_up(PupImageInfos *infos, const char *path, const struct stat *st)
{
    PupImageInfo *info = NULL;
    const Known *known;

    g_mutex_lock(&infos->lock);
    known = g_hash_table_lookup(infos->known, path);
    if (known && pup_file_is_same(&known->st, st))
        info = pup_image_info_copy(known->info);
    g_mutex_unlock(&infos->lock);
    return info;
}

static void
keep(PupImageInfos *infos, const char *path, const struct stat *st,
     const PupImageInfo *info)
{
    Known *known = g_new0(Known, 1);

    known->st = *st;
    known->info = pup_image_info_copy(info);
    g_mutex_lock(&infos->lock);
    g_hash_table_replace(infos->known, g_strdup(path), known);
    g_mutex_unlock(&infos->lock);
}

PupImageInfo *
pup_image_infos_ask(const PupWorkshop *shop, const char *path, GError **error)
{
    struct stat st;
    gboolean there = shop->infos && stat(path, &st) == 0 && S_ISREG(st.st_mode);
    PupImageInfo *info = there ? look_up(shop->infos, path, &st) : NULL;

    if (info)
        return info;
    info = pup_image_info(path, "qcow2", shop->cancellable, error);
    if (info && there)
        keep(shop->infos, path, &st, info);
    return info;
}
