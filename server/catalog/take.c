/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/catalog/catalog_private.h"

gboolean
pup_catalog_set_take(PupCatalog *catalog, const char *room, unsigned version,
                     PupTake take, GError **error)
{
    g_mutex_lock(&catalog->lock);
    gboolean ok = pup_database_run(catalog->db, error,
                                   "INSERT OR REPLACE INTO take VALUES (?1, ?2, ?3)",
                                   "sis", room, (gint64) version, pup_take_name(take));
    g_mutex_unlock(&catalog->lock);
    return ok;
}

gboolean
pup_catalog_forget_take(PupCatalog *catalog, const char *room, unsigned version,
                        GError **error)
{
    g_mutex_lock(&catalog->lock);
    gboolean ok = pup_database_run(catalog->db, error,
                                   "DELETE FROM take WHERE room = ?1 AND version = ?2",
                                   "si", room, (gint64) version);
    g_mutex_unlock(&catalog->lock);
    return ok;
}

static gboolean
read_take(PupCatalog *catalog, const char *room, unsigned version, gboolean *found,
          PupTake *take, GError **error)
{
    g_autoptr(sqlite3_stmt) rows = pup_database_prepare(
        catalog->db, error, "SELECT how FROM take WHERE room = ?1 AND version = ?2", "si",
        room, (gint64) version);
    int step = rows ? pup_database_step(catalog->db, rows, error) : -1;
    if (step < 0)
        return FALSE;
    *found =
        step == 1 && pup_take_parse((const char *) sqlite3_column_text(rows, 0), take);
    return TRUE;
}

gboolean
pup_catalog_take(PupCatalog *catalog, const char *room, unsigned version, gboolean *found,
                 PupTake *take, GError **error)
{
    g_mutex_lock(&catalog->lock);
    gboolean ok = read_take(catalog, room, version, found, take, error);
    g_mutex_unlock(&catalog->lock);
    return ok;
}
