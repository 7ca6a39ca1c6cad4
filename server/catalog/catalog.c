/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/catalog/catalog_private.h"

#include "lib/file.h"

PupCatalog *
pup_catalog_open(const char *db_path, const char *rooms_dir, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(db_path);
    sqlite3 *db =
        pup_file_make_dir(folder, error) ? pup_database_open(db_path, error) : NULL;
    if (!db)
        return NULL;
    PupCatalog *catalog = g_new0(PupCatalog, 1);
    catalog->rooms_dir = g_strdup(rooms_dir);
    catalog->profiles_dir = g_build_filename(folder, "profiles", NULL);
    g_mutex_init(&catalog->profiles_lock);
    catalog->gone_rooms = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *uploads = g_build_filename(folder, "boot-profiles", NULL);
    catalog->boot_profiles = pup_boot_profiles_new(uploads);
    g_mutex_init(&catalog->lock);
    catalog->db = db;
    catalog->starts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_mutex_init(&catalog->peerings_lock);
    catalog->peerings =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, pup_catalog_free_peering);
    return catalog;
}

void
pup_catalog_free(PupCatalog *catalog)
{
    if (!catalog)
        return;
    sqlite3_close(catalog->db);
    g_mutex_clear(&catalog->lock);
    g_hash_table_unref(catalog->starts);
    g_hash_table_unref(catalog->peerings);
    g_mutex_clear(&catalog->peerings_lock);
    pup_boot_profiles_free(catalog->boot_profiles);
    g_hash_table_unref(catalog->gone_rooms);
    g_mutex_clear(&catalog->profiles_lock);
    g_free(catalog->profiles_dir);
    g_free(catalog->rooms_dir);
    g_free(catalog);
}

PupBootProfiles *
pup_catalog_boot_profiles(PupCatalog *catalog)
{
    return catalog->boot_profiles;
}
