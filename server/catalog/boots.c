/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The boot under way is the seat's row with its stages (seats.c); it goes into the table
 * of boots when the next one begins. Starts are told again with each report, so that none
 * is lost; a checksum of what was kept last saves the writing.
 */
#include "config.h"
#include "server/catalog/boots.h"

#include "server/catalog/catalog_private.h"

/* What anybody wants to see of them. */
#define PUP_STARTS_SHOWN 20

const char *const pup_guest_ends[] = {"off", "crashed", "replaced", "failed", NULL};

/* ---- the end of a boot */

gboolean
pup_boots_archive(PupCatalog *catalog, const char *mac, GError **error)
{
    return pup_database_run(
               catalog->db, error,
               "INSERT OR REPLACE INTO boot SELECT mac, boot_started_ms, boot, "
               "(SELECT at_ms FROM stage WHERE mac = ?1 AND stage = 'registered'), "
               "(SELECT at_ms FROM stage WHERE mac = ?1 AND stage = 'guest-alive') "
               "FROM seat WHERE mac = ?1 AND boot_started_ms > 0",
               "s", mac) &&
           pup_database_run(
               catalog->db, error,
               "DELETE FROM boot WHERE mac = ?1 AND began_ms NOT IN (SELECT began_ms "
               "FROM boot WHERE mac = ?1 ORDER BY began_ms DESC LIMIT ?2)",
               "si", mac, (gint64) PUP_BOOTS_KEPT) &&
           pup_database_run(catalog->db, error,
                            "DELETE FROM guest_start WHERE mac = ?1 AND began_ms NOT IN "
                            "(SELECT began_ms FROM boot WHERE mac = ?1)",
                            "s", mac);
}

/* ---- a seat registers */

static gboolean
arrive(PupCatalog *catalog, const PupArrival *arrival, gint64 now_ms, GError **error)
{
    g_autoptr(PupSeat) seat = NULL;
    if (!pup_seats_read(catalog, arrival->mac, &seat, error))
        return FALSE;
    gboolean begins = !seat || !seat->boot[0]
                          ? pup_seats_begins_boot(seat, PUP_STAGE_REGISTERED, now_ms)
                          : strcmp(seat->boot, arrival->boot) != 0;
    if (begins && !pup_seats_begin_boot(catalog, arrival->mac, now_ms, error))
        return FALSE;
    g_autofree char *clock =
        arrival->has_clock ? g_strdup_printf("%" G_GINT64_FORMAT, arrival->clock_off_ms)
                           : NULL;
    return pup_database_run(catalog->db, error,
                            "INSERT OR IGNORE INTO stage VALUES (?1, 'registered', ?2)",
                            "si", arrival->mac, now_ms) &&
           pup_database_run(
               catalog->db, error,
               "UPDATE seat SET boot = ?2, address = ?3, room = ?4, version = ?5, "
               "state = 'booting', detail = '', last_seen_ms = ?6, "
               "clock_off_ms = COALESCE(clock_off_ms, CAST(?7 AS INTEGER)) "
               "WHERE mac = ?1",
               "ssssiis", arrival->mac, arrival->boot, arrival->address, arrival->room,
               (gint64) arrival->version, now_ms, clock);
}

gboolean
pup_catalog_arrive(PupCatalog *catalog, const PupArrival *arrival, gint64 now_ms,
                   GError **error)
{
    if (!pup_catalog_begin(catalog, error))
        return FALSE;
    return pup_catalog_end(catalog, arrive(catalog, arrival, now_ms, error), error);
}

/* ---- what became of its guests */

/* TRUE when the current boot is @boot, which a boot that was begun by its firmware may
 * hear only now. */
static gboolean
claim(PupCatalog *catalog, const char *mac, const char *boot, gboolean *is_current,
      GError **error)
{
    if (!pup_database_run(catalog->db, error,
                          "UPDATE seat SET boot = ?2 WHERE mac = ?1 AND boot = ''", "ss",
                          mac, boot))
        return FALSE;
    g_autoptr(sqlite3_stmt) rows = pup_database_prepare(
        catalog->db, error, "SELECT 1 FROM seat WHERE mac = ?1 AND boot = ?2", "ss", mac,
        boot);
    int step = rows ? pup_database_step(catalog->db, rows, error) : -1;
    *is_current = step == 1;
    return step >= 0;
}

static gboolean
keep(PupCatalog *catalog, const char *mac, const PupGuestStart *start, gint64 at_ms,
     GError **error)
{
    return pup_database_run(
        catalog->db, error,
        "INSERT INTO guest_start SELECT ?1, boot_started_ms, ?2, COALESCE((SELECT "
        "MAX(n) FROM guest_start WHERE mac = ?1 AND began_ms = boot_started_ms), 0) + 1, "
        "?3, ?4, ?5, ?6, ?7, ?8 FROM seat WHERE mac = ?1 "
        "ON CONFLICT (mac, began_ms, t_ms) DO UPDATE SET version = ?4, started_ms = ?5, "
        "alive_ms = ?6, resets = ?7, end = ?8",
        "siiiiiis", mac, start->t_ms, at_ms, (gint64) start->version, start->started_ms,
        start->alive_ms, (gint64) start->resets, start->end);
}

static gboolean
keep_all(PupCatalog *catalog, const PupStartsTold *told, gint64 now_ms, GError **error)
{
    gboolean is_current;
    if (!claim(catalog, told->mac, told->boot, &is_current, error))
        return FALSE;
    for (unsigned i = 0; is_current && i < told->n_starts; i++) {
        const PupGuestStart *start = &told->starts[i];
        if (!keep(catalog, told->mac, start, now_ms - MAX(0, told->t_ms - start->t_ms),
                  error))
            return FALSE;
    }
    return pup_database_run(
        catalog->db, error,
        "DELETE FROM guest_start WHERE mac = ?1 AND began_ms = (SELECT boot_started_ms "
        "FROM seat WHERE mac = ?1) AND n <= (SELECT MAX(n) FROM guest_start WHERE mac = "
        "?1 AND began_ms = (SELECT boot_started_ms FROM seat WHERE mac = ?1)) - ?2",
        "si", told->mac, (gint64) PUP_STARTS_KEPT);
}

static char *
digest(const PupStartsTold *told)
{
    g_autoptr(GString) text = g_string_new(told->boot);
    for (unsigned i = 0; i < told->n_starts; i++) {
        const PupGuestStart *start = &told->starts[i];
        g_string_append_printf(text,
                               "|%" G_GINT64_FORMAT " %u %" G_GINT64_FORMAT
                               " %" G_GINT64_FORMAT " %u %s",
                               start->t_ms, start->version, start->started_ms,
                               start->alive_ms, start->resets, start->end);
    }
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, -1);
}

gboolean
pup_catalog_starts(PupCatalog *catalog, const PupStartsTold *told, gint64 now_ms,
                   GError **error)
{
    g_autofree char *now = digest(told);
    g_mutex_lock(&catalog->lock);
    gboolean same = g_strcmp0(g_hash_table_lookup(catalog->starts, told->mac), now) == 0;
    g_mutex_unlock(&catalog->lock);
    if (same)
        return TRUE;
    if (!pup_catalog_begin(catalog, error) ||
        !pup_catalog_end(catalog, keep_all(catalog, told, now_ms, error), error))
        return FALSE;
    g_mutex_lock(&catalog->lock);
    g_hash_table_insert(catalog->starts, g_strdup(told->mac), g_steal_pointer(&now));
    g_mutex_unlock(&catalog->lock);
    return TRUE;
}

/* ---- what is known of them */

static gint64
since(sqlite3_stmt *row, int column, gint64 begin_ms)
{
    if (sqlite3_column_type(row, column) == SQLITE_NULL)
        return -1;
    return MAX(sqlite3_column_int64(row, column) - begin_ms, 0);
}

/* A seat may say what it likes; JSON takes an int. */
static unsigned
bounded_count(guint64 count)
{
    return (unsigned) MIN(count, (guint64) G_MAXINT);
}

static void
add_start(PupSeat *seat, sqlite3_stmt *row)
{
    PupGuestStart start = {.n = (unsigned) sqlite3_column_int64(row, 1),
                           .t_ms = sqlite3_column_int64(row, 2),
                           .at_ms = sqlite3_column_int64(row, 3),
                           .version = (unsigned) sqlite3_column_int64(row, 4),
                           .started_ms = sqlite3_column_int64(row, 5),
                           .alive_ms = sqlite3_column_int64(row, 6),
                           .resets = (unsigned) sqlite3_column_int64(row, 7)};
    g_strlcpy(start.end, (const char *) sqlite3_column_text(row, 8), sizeof start.end);
    seat->n_starts = MAX(seat->n_starts, start.n);
    seat->n_resets = bounded_count((guint64) seat->n_resets + start.resets);
    seat->n_crashes += strcmp(start.end, "crashed") == 0;
    g_array_append_val(seat->starts, start);
}

static void
add_past(PupSeat *seat, sqlite3_stmt *row)
{
    PupSeatBoot boot = {.started_ms = sqlite3_column_int64(row, 2),
                        .starts = (unsigned) sqlite3_column_int64(row, 5),
                        .resets = bounded_count((guint64) sqlite3_column_int64(row, 6)),
                        .crashes = (unsigned) sqlite3_column_int64(row, 7)};
    g_strlcpy(boot.id, (const char *) sqlite3_column_text(row, 1), sizeof boot.id);
    boot.registered_ms = since(row, 3, boot.started_ms);
    boot.alive_ms = since(row, 4, boot.started_ms);
    g_array_append_val(seat->boots, boot);
}

/* Give each row of @sql, whose first column is a MAC, to @add. */
static gboolean
read_rows(PupCatalog *catalog, const char *sql, GHashTable *seats,
          void (*add)(PupSeat *seat, sqlite3_stmt *row), GError **error)
{
    int step = -1;
    g_autoptr(sqlite3_stmt) rows = pup_database_prepare(catalog->db, error, sql, "");
    while (rows && (step = pup_database_step(catalog->db, rows, error)) == 1) {
        PupSeat *seat = g_hash_table_lookup(seats, sqlite3_column_text(rows, 0));
        if (seat)
            add(seat, rows);
    }
    return step == 0;
}

gboolean
pup_boots_read(PupCatalog *catalog, GHashTable *seats, GError **error)
{
    return read_rows(catalog,
                     "SELECT g.mac, n, t_ms, at_ms, g.version, started_ms, alive_ms, "
                     "resets, end FROM guest_start g JOIN seat s ON s.mac = g.mac AND "
                     "s.boot_started_ms = g.began_ms ORDER BY n DESC",
                     seats, add_start, error) &&
           read_rows(catalog,
                     "SELECT b.mac, id, b.began_ms, registered_at_ms, alive_at_ms, "
                     "COALESCE(MAX(n), 0), COALESCE(SUM(resets), 0), "
                     "COALESCE(SUM(end = 'crashed'), 0) FROM boot b LEFT JOIN "
                     "guest_start g ON g.mac = b.mac AND g.began_ms = b.began_ms GROUP "
                     "BY b.mac, b.began_ms ORDER BY b.began_ms DESC",
                     seats, add_past, error);
}

/* ---- as JSON */

static json_t *
ms_or_null(gint64 ms)
{
    return ms < 0 ? json_null() : json_integer(ms);
}

static json_t *
start_json(const PupGuestStart *start)
{
    return json_pack("{s:i,s:i,s:I,s:o,s:o,s:i,s:s}", "n", (int) start->n, "version",
                     (int) start->version, "at_ms", (json_int_t) start->at_ms,
                     "started_ms", ms_or_null(start->started_ms), "alive_ms",
                     ms_or_null(start->alive_ms), "resets", (int) start->resets, "end",
                     start->end);
}

static json_t *
boot_json(const PupSeatBoot *boot)
{
    return json_pack("{s:s,s:I,s:o,s:o,s:i,s:i,s:i}", "boot", boot->id, "boot_started_ms",
                     (json_int_t) boot->started_ms, "registered_ms",
                     ms_or_null(boot->registered_ms), "alive_ms",
                     ms_or_null(boot->alive_ms), "starts", (int) boot->starts, "resets",
                     (int) boot->resets, "crashes", (int) boot->crashes);
}

void
pup_boots_json(json_t *object, const PupSeat *seat)
{
    json_t *starts = json_array(), *boots = json_array();
    for (guint i = 0; i < seat->starts->len && i < PUP_STARTS_SHOWN; i++)
        json_array_append_new(starts,
                              start_json(&g_array_index(seat->starts, PupGuestStart, i)));
    for (guint i = 0; i < seat->boots->len; i++)
        json_array_append_new(boots,
                              boot_json(&g_array_index(seat->boots, PupSeatBoot, i)));
    json_object_set_new(object, "starts", json_integer(seat->n_starts));
    json_object_set_new(object, "resets", json_integer(seat->n_resets));
    json_object_set_new(object, "crashes", json_integer(seat->n_crashes));
    json_object_set_new(object, "guest_starts", starts);
    json_object_set_new(object, "boots", boots);
}
