/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/catalog/catalog_private.h"

#include "lib/error.h"

#include <string.h>

PupCatalog *
pup_catalog_open_anyhow(const char *db_path, const char *rooms_dir, gboolean look)
{
    g_autofree char *folder = g_path_get_dirname(db_path);
    PupCatalog *catalog = g_new0(PupCatalog, 1);
    catalog->db_path = g_strdup(db_path);
    catalog->rooms_dir = g_strdup(rooms_dir);
    catalog->profiles_dir = g_build_filename(folder, "profiles", NULL);
    g_mutex_init(&catalog->profiles_lock);
    catalog->gone_rooms = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *uploads = g_build_filename(folder, "boot-profiles", NULL);
    catalog->boot_profiles = pup_boot_profiles_new(uploads);
    g_mutex_init(&catalog->lock);
    catalog->db = pup_database_open(db_path, look);
    catalog->starts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_mutex_init(&catalog->peerings_lock);
    catalog->peerings =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, pup_catalog_free_peering);
    return catalog;
}

GError *
pup_catalog_trouble(PupCatalog *catalog)
{
    g_mutex_lock(&catalog->lock);
    const GError *trouble = pup_database_trouble(catalog->db);
    GError *copy = trouble ? g_error_copy(trouble) : NULL;
    g_mutex_unlock(&catalog->lock);
    return copy;
}

gboolean
pup_catalog_check(PupCatalog *catalog, GError **error)
{
    GError *trouble = pup_catalog_trouble(catalog);
    if (trouble)
        g_propagate_error(error, trouble);
    return trouble == NULL;
}

PupCatalog *
pup_catalog_open(const char *db_path, const char *rooms_dir, GError **error)
{
    g_autoptr(PupCatalog) catalog = pup_catalog_open_anyhow(db_path, rooms_dir, FALSE);
    return pup_catalog_check(catalog, error) ? g_steal_pointer(&catalog) : NULL;
}

static gboolean
read_made(PupCatalog *catalog, gint64 *made_ms, GError **error)
{
    g_autoptr(sqlite3_stmt) row =
        pup_database_prepare(catalog->db, error, "SELECT max(at_ms) FROM made", "");
    if (!row || pup_database_step(catalog->db, row, error) != 1)
        return FALSE;
    *made_ms = pup_database_is_there(catalog->db) ? sqlite3_column_int64(row, 0)
                                                  : PUP_CATALOG_MISSING;
    return TRUE;
}

gboolean
pup_catalog_made(PupCatalog *catalog, gint64 *made_ms, GError **error)
{
    g_mutex_lock(&catalog->lock);
    gboolean ok = read_made(catalog, made_ms, error);
    g_mutex_unlock(&catalog->lock);
    return ok;
}

static gboolean
read_all(PupCatalog *catalog, GString *damage, GError **error)
{
    int step = -1;
    g_autoptr(sqlite3_stmt) rows =
        pup_database_prepare(catalog->db, error, "PRAGMA quick_check(1)", "");
    while (rows && (step = pup_database_step(catalog->db, rows, error)) == 1)
        g_string_assign(damage, (const char *) sqlite3_column_text(rows, 0));
    return step == 0;
}

gboolean
pup_catalog_verify(PupCatalog *catalog, GError **error)
{
    g_autoptr(GString) damage = g_string_new("ok");
    g_mutex_lock(&catalog->lock);
    gboolean ok = read_all(catalog, damage, error);
    g_mutex_unlock(&catalog->lock);
    if (!ok || strcmp(damage->str, "ok") == 0)
        return ok;
    g_strdelimit(damage->str, "\n", ' ');
    pup_error_set(error, PUP_ERROR_CORRUPT, "catalog '%s': %s", catalog->db_path,
                  damage->str);
    return FALSE;
}

void
pup_catalog_free(PupCatalog *catalog)
{
    if (!catalog)
        return;
    pup_database_free(catalog->db);
    g_mutex_clear(&catalog->lock);
    g_hash_table_unref(catalog->starts);
    g_hash_table_unref(catalog->peerings);
    g_mutex_clear(&catalog->peerings_lock);
    pup_boot_profiles_free(catalog->boot_profiles);
    g_hash_table_unref(catalog->gone_rooms);
    g_mutex_clear(&catalog->profiles_lock);
    g_free(catalog->profiles_dir);
    g_free(catalog->rooms_dir);
    g_free(catalog->db_path);
    g_free(catalog);
}

PupBootProfiles *
pup_catalog_boot_profiles(PupCatalog *catalog)
{
    return catalog->boot_profiles;
}
