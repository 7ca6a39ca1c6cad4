/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/catalog/schedules.h"

#include "server/catalog/catalog_private.h"

/* What a person asked for must survive a power cut, unlike history. */
static gboolean
write_synced(PupCatalog *catalog, const PupSchedule *schedule, GError **error)
{
    pup_database_sync(catalog->db, TRUE);
    gboolean ok = pup_database_run(
        catalog->db, error, "INSERT OR REPLACE INTO schedule VALUES (?1, ?2, ?3, ?4, ?5)",
        "sissi", schedule->room, (gint64) schedule->once, schedule->rule,
        schedule->options, schedule->next_ms);
    pup_database_sync(catalog->db, FALSE);
    return ok;
}

gboolean
pup_catalog_schedule(PupCatalog *catalog, const PupSchedule *schedule, GError **error)
{
    g_mutex_lock(&catalog->lock);
    gboolean ok = write_synced(catalog, schedule, error);
    g_mutex_unlock(&catalog->lock);
    return ok;
}

gboolean
pup_catalog_unschedule(PupCatalog *catalog, const char *room, unsigned *n, GError **error)
{
    g_mutex_lock(&catalog->lock);
    gboolean ok = pup_database_run(catalog->db, error,
                                   "DELETE FROM schedule WHERE room = ?1", "s", room);
    if (ok && n)
        *n = pup_database_changes(catalog->db);
    g_mutex_unlock(&catalog->lock);
    return ok;
}

static const char *
text_of(sqlite3_stmt *rows, int column)
{
    return (const char *) sqlite3_column_text(rows, column);
}

static gboolean
read_schedules(PupCatalog *catalog, const char *room, GArray *all, GError **error)
{
    int step = -1;
    g_autoptr(sqlite3_stmt) rows =
        pup_database_prepare(catalog->db, error,
                             "SELECT room, once, rule, options, next_ms FROM schedule "
                             "WHERE room = ?1 OR ?1 IS NULL ORDER BY next_ms, room",
                             "s", room);
    while (rows && (step = pup_database_step(catalog->db, rows, error)) == 1) {
        PupSchedule schedule = {.once = sqlite3_column_int(rows, 1),
                                .next_ms = sqlite3_column_int64(rows, 4)};
        g_strlcpy(schedule.room, text_of(rows, 0), sizeof schedule.room);
        g_strlcpy(schedule.rule, text_of(rows, 2), sizeof schedule.rule);
        g_strlcpy(schedule.options, text_of(rows, 3), sizeof schedule.options);
        g_array_append_val(all, schedule);
    }
    return step == 0;
}

GArray *
pup_catalog_schedules(PupCatalog *catalog, const char *room, GError **error)
{
    g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(PupSchedule));
    g_mutex_lock(&catalog->lock);
    gboolean ok = read_schedules(catalog, room, all, error);
    g_mutex_unlock(&catalog->lock);
    return ok ? g_steal_pointer(&all) : NULL;
}

gboolean
pup_catalog_schedule_done(PupCatalog *catalog, const PupSchedule *schedule,
                          gint64 next_ms, GError **error)
{
    const char *sql = schedule->once
                          ? "DELETE FROM schedule WHERE room = ?1 AND once = 1 AND "
                            "next_ms = ?2 AND rule = ?3 AND ?4"
                          : "UPDATE schedule SET next_ms = ?4 WHERE room = ?1 AND "
                            "once = 0 AND next_ms = ?2 AND rule = ?3";
    g_mutex_lock(&catalog->lock);
    gboolean ok = pup_database_run(catalog->db, error, sql, "sisi", schedule->room,
                                   schedule->next_ms, schedule->rule,
                                   schedule->once ? G_GINT64_CONSTANT(1) : next_ms);
    g_mutex_unlock(&catalog->lock);
    return ok;
}

gboolean
pup_catalog_set_run(PupCatalog *catalog, const PupScheduleRun *run, GError **error)
{
    g_mutex_lock(&catalog->lock);
    gboolean ok = pup_database_run(
        catalog->db, error,
        "INSERT OR REPLACE INTO schedule_run VALUES (?1, ?2, ?3, ?4, ?5, ?6)", "siiiis",
        run->room, run->due_ms, run->started_ms, run->ended_ms, (gint64) run->status,
        run->words ? run->words : "");
    g_mutex_unlock(&catalog->lock);
    return ok;
}

static void
clear_run(gpointer data)
{
    g_free(((PupScheduleRun *) data)->words);
}

static gboolean
read_runs(PupCatalog *catalog, const char *room, GArray *all, GError **error)
{
    int step = -1;
    g_autoptr(sqlite3_stmt) rows = pup_database_prepare(
        catalog->db, error,
        "SELECT room, due_ms, started_ms, ended_ms, status, words FROM schedule_run "
        "WHERE room = ?1 OR ?1 IS NULL ORDER BY room",
        "s", room);
    while (rows && (step = pup_database_step(catalog->db, rows, error)) == 1) {
        PupScheduleRun run = {.due_ms = sqlite3_column_int64(rows, 1),
                              .started_ms = sqlite3_column_int64(rows, 2),
                              .ended_ms = sqlite3_column_int64(rows, 3),
                              .status = sqlite3_column_int(rows, 4),
                              .words = g_strdup(text_of(rows, 5))};
        g_strlcpy(run.room, text_of(rows, 0), sizeof run.room);
        g_array_append_val(all, run);
    }
    return step == 0;
}

GArray *
pup_catalog_runs(PupCatalog *catalog, const char *room, GError **error)
{
    g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(PupScheduleRun));
    g_array_set_clear_func(all, clear_run);
    g_mutex_lock(&catalog->lock);
    gboolean ok = read_runs(catalog, room, all, error);
    g_mutex_unlock(&catalog->lock);
    return ok ? g_steal_pointer(&all) : NULL;
}
