/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When the server was there, and by which clock. A command that reads the catalog has no
 * other way to tell a seat that is silent from a server that did not listen. The row is
 * written every few seconds; a gap in it is an absence: the daemon was stopped, hung, or
 * its machine slept.
 */
#include "config.h"
#include "server/catalog/catalog_private.h"

/* Reports are written by other threads meanwhile. */
#define SLACK_MS G_GINT64_CONSTANT(2000)

gboolean
pup_server_life_read(PupCatalog *catalog, PupServerLife *life, GError **error)
{
    g_autoptr(sqlite3_stmt) rows = pup_database_prepare(
        catalog->db, error, "SELECT up_ms, down_ms, alive_ms FROM server", "");
    int step = rows ? pup_database_step(catalog->db, rows, error) : -1;
    *life = (PupServerLife){0};
    if (step == 1)
        *life =
            (PupServerLife){sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1),
                            sqlite3_column_int64(rows, 2)};
    return step >= 0;
}

/* Times that are yet to come were written by a clock that was ahead: nobody knows when
 * that was, and now is the latest that it can have been. */
static gboolean
repair(PupCatalog *catalog, gint64 now_ms, GError **error)
{
    return pup_database_run(catalog->db, error,
                            "UPDATE seat SET last_seen_ms = ?1 WHERE last_seen_ms > ?2",
                            "ii", now_ms, now_ms + SLACK_MS) &&
           pup_database_run(catalog->db, error,
                            "UPDATE seat SET boot_started_ms = ?1 WHERE boot_started_ms "
                            "> ?2",
                            "ii", now_ms, now_ms + SLACK_MS);
}

static gboolean
note_alive(PupCatalog *catalog, gint64 now_ms, GError **error)
{
    PupServerLife life;
    if (!pup_server_life_read(catalog, &life, error))
        return FALSE;
    if (life.alive_ms == 0) {
        life.up_ms = now_ms;
    } else if (!pup_server_is_there(&life, now_ms)) {
        life.down_ms = MIN(life.alive_ms, now_ms);
        life.up_ms = now_ms;
    }
    return pup_database_run(catalog->db, error,
                            "INSERT OR REPLACE INTO server VALUES (1, ?1, ?2, ?3)", "iii",
                            MIN(life.up_ms, now_ms), life.down_ms, now_ms) &&
           repair(catalog, now_ms, error);
}

gboolean
pup_catalog_alive(PupCatalog *catalog, gint64 now_ms, GError **error)
{
    if (!pup_catalog_begin(catalog, error))
        return FALSE;
    return pup_catalog_end(catalog, note_alive(catalog, now_ms, error), error);
}

static gboolean
shift(PupCatalog *catalog, gint64 since_ms, gint64 by_ms, GError **error)
{
    static const char *const updates[] = {
        "UPDATE stage SET at_ms = at_ms + ?2 WHERE mac IN (SELECT mac FROM seat WHERE "
        "boot_started_ms >= ?1)",
        "UPDATE guest_start SET began_ms = began_ms + ?2, at_ms = at_ms + ?2 WHERE "
        "began_ms >= ?1",
        "UPDATE boot SET began_ms = began_ms + ?2, registered_at_ms = registered_at_ms + "
        "?2, alive_at_ms = alive_at_ms + ?2 WHERE began_ms >= ?1",
        "UPDATE seat SET boot_started_ms = boot_started_ms + ?2 WHERE boot_started_ms >= "
        "?1",
        "UPDATE seat SET last_seen_ms = last_seen_ms + ?2 WHERE last_seen_ms >= ?1",
        "UPDATE server SET up_ms = up_ms + ?2 WHERE up_ms >= ?1",
        "UPDATE server SET alive_ms = alive_ms + ?2 WHERE alive_ms >= ?1",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(updates); i++)
        if (!pup_database_run(catalog->db, error, updates[i], "ii", since_ms, by_ms))
            return FALSE;
    return TRUE;
}

gboolean
pup_catalog_clock_stepped(PupCatalog *catalog, gint64 since_ms, gint64 by_ms,
                          GError **error)
{
    if (!pup_catalog_begin(catalog, error))
        return FALSE;
    return pup_catalog_end(catalog, shift(catalog, since_ms, by_ms, error), error);
}
