/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/catalog/catalog_private.h"

gboolean
pup_catalog_warm(PupCatalog *catalog, const char *room, gint64 at_ms, GError **error)
{
    g_mutex_lock(&catalog->lock);
    gboolean ok = pup_database_run(catalog->db, error,
                                   "INSERT OR REPLACE INTO warm VALUES (?1, ?2)", "si",
                                   room, at_ms);
    g_mutex_unlock(&catalog->lock);
    return ok;
}

gboolean
pup_catalog_cancel_warm(PupCatalog *catalog, const char *room, GError **error)
{
    g_mutex_lock(&catalog->lock);
    gboolean ok = pup_database_run(catalog->db, error, "DELETE FROM warm WHERE room = ?1",
                                   "s", room);
    g_mutex_unlock(&catalog->lock);
    return ok;
}

static gboolean
read_warm(PupCatalog *catalog, const char *room, gint64 *at_ms, GError **error)
{
    g_autoptr(sqlite3_stmt) rows = pup_database_prepare(
        catalog->db, error, "SELECT at_ms FROM warm WHERE room = ?1", "s", room);
    int step = rows ? pup_database_step(catalog->db, rows, error) : -1;
    if (step < 0)
        return FALSE;
    *at_ms = step == 1 ? sqlite3_column_int64(rows, 0) : 0;
    return TRUE;
}

gboolean
pup_catalog_warm_at(PupCatalog *catalog, const char *room, gint64 now_ms, gint64 *at_ms,
                    GError **error)
{
    g_mutex_lock(&catalog->lock);
    gboolean ok = read_warm(catalog, room, at_ms, error);
    g_mutex_unlock(&catalog->lock);
    if (ok && now_ms - *at_ms >= PUP_WARM_MS)
        *at_ms = 0;
    return ok;
}
