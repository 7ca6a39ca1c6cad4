/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/catalog/catalog_private.h"

static gboolean
has(const GArray *versions, unsigned version)
{
    for (guint i = 0; i < versions->len; i++)
        if (g_array_index(versions, unsigned, i) == version)
            return TRUE;
    return FALSE;
}

static void
add(GArray *versions, guint64 version)
{
    unsigned number = (unsigned) version;

    if (number > 0 && !has(versions, number))
        g_array_append_val(versions, number);
}

static gboolean
read_in_use(PupCatalog *catalog, const char *room, gint64 since_ms, GArray *versions,
            GError **error)
{
    int step = -1;
    g_autoptr(sqlite3_stmt) rows = pup_database_prepare(
        catalog->db, error,
        "SELECT version, stats FROM seat WHERE room = ?1 AND last_seen_ms >= ?2", "si",
        room, since_ms);
    while (rows && (step = pup_database_step(catalog->db, rows, error)) == 1) {
        PupSeat seat = {NULL};
        pup_catalog_read_stats(&seat, (const char *) sqlite3_column_text(rows, 1));
        add(versions, (guint64) sqlite3_column_int64(rows, 0));
        if (seat.has_stats)
            add(versions, seat.stats.warm_version);
    }
    return step == 0;
}

GArray *
pup_catalog_versions_in_use(PupCatalog *catalog, const char *room, gint64 since_ms,
                            GError **error)
{
    g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_mutex_lock(&catalog->lock);
    gboolean ok = read_in_use(catalog, room, since_ms, versions, error);
    g_mutex_unlock(&catalog->lock);
    return ok ? g_steal_pointer(&versions) : NULL;
}
