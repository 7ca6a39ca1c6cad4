/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/catalog/database.h"

#include "lib/error.h"

#include <string.h>

#define BUSY_MS 5000

/* What each version of the schema added to the one before. A boot's stages are those of
 * mac with a time; its begin stands in the seat's row. */
static const char schema_1[] = "CREATE TABLE seat ("
                               " mac TEXT PRIMARY KEY,"
                               " room TEXT NOT NULL DEFAULT '',"
                               " state TEXT NOT NULL DEFAULT 'booting',"
                               " detail TEXT NOT NULL DEFAULT '',"
                               " address TEXT NOT NULL DEFAULT '',"
                               " version INTEGER NOT NULL DEFAULT 0,"
                               " boot_started_ms INTEGER NOT NULL DEFAULT 0,"
                               " last_seen_ms INTEGER NOT NULL DEFAULT 0);"
                               "CREATE TABLE stage ("
                               " mac TEXT NOT NULL,"
                               " stage TEXT NOT NULL,"
                               " at_ms INTEGER NOT NULL,"
                               " PRIMARY KEY (mac, stage)) WITHOUT ROWID;";
static const char schema_2[] = "ALTER TABLE seat ADD COLUMN"
                               " stats TEXT NOT NULL DEFAULT '';"
                               "CREATE TABLE sent ("
                               " room TEXT NOT NULL,"
                               " version INTEGER NOT NULL,"
                               " chunks INTEGER NOT NULL,"
                               " bytes INTEGER NOT NULL,"
                               " PRIMARY KEY (room, version)) WITHOUT ROWID;";
static const char schema_3[] = "CREATE TABLE warm ("
                               " room TEXT PRIMARY KEY,"
                               " at_ms INTEGER NOT NULL) WITHOUT ROWID;";
static const char schema_4[] = "CREATE TABLE schedule ("
                               " room TEXT NOT NULL,"
                               " once INTEGER NOT NULL,"
                               " rule TEXT NOT NULL,"
                               " options TEXT NOT NULL,"
                               " next_ms INTEGER NOT NULL,"
                               " PRIMARY KEY (room, once)) WITHOUT ROWID;"
                               "CREATE TABLE schedule_run ("
                               " room TEXT PRIMARY KEY,"
                               " due_ms INTEGER NOT NULL,"
                               " started_ms INTEGER NOT NULL,"
                               " ended_ms INTEGER NOT NULL,"
                               " status INTEGER NOT NULL,"
                               " words TEXT NOT NULL) WITHOUT ROWID;"
                               "CREATE TABLE take ("
                               " room TEXT NOT NULL,"
                               " version INTEGER NOT NULL,"
                               " how TEXT NOT NULL,"
                               " PRIMARY KEY (room, version)) WITHOUT ROWID;";
/* A boot is told from another of its PC by when it began. */
static const char schema_5[] =
    "ALTER TABLE seat ADD COLUMN boot TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE seat ADD COLUMN clock_off_ms INTEGER;"
    "CREATE TABLE boot ("
    " mac TEXT NOT NULL,"
    " began_ms INTEGER NOT NULL,"
    " id TEXT NOT NULL,"
    " registered_at_ms INTEGER,"
    " alive_at_ms INTEGER,"
    " PRIMARY KEY (mac, began_ms)) WITHOUT ROWID;"
    "CREATE TABLE guest_start ("
    " mac TEXT NOT NULL,"
    " began_ms INTEGER NOT NULL,"
    " t_ms INTEGER NOT NULL,"
    " n INTEGER NOT NULL,"
    " at_ms INTEGER NOT NULL,"
    " version INTEGER NOT NULL,"
    " started_ms INTEGER NOT NULL,"
    " alive_ms INTEGER NOT NULL,"
    " resets INTEGER NOT NULL,"
    " end TEXT NOT NULL,"
    " PRIMARY KEY (mac, began_ms, t_ms)) WITHOUT ROWID;"
    "CREATE TABLE server ("
    " id INTEGER PRIMARY KEY,"
    " up_ms INTEGER NOT NULL,"
    " down_ms INTEGER NOT NULL,"
    " alive_ms INTEGER NOT NULL);";
static const char *const schema[] = {schema_1, schema_2, schema_3, schema_4, schema_5};
#define SCHEMA_VERSION ((int) G_N_ELEMENTS(schema))

static PupErrorCode
code_of(int result)
{
    switch (result & 0xff) {
    case SQLITE_FULL:
        return PUP_ERROR_NO_SPACE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return PUP_ERROR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return PUP_ERROR_CORRUPT;
    default:
        return PUP_ERROR_IO;
    }
}

void
pup_database_error(sqlite3 *db, const char *doing, GError **error)
{
    PupErrorCode code = code_of(sqlite3_errcode(db));
    pup_error_set(error, code, "%s: catalog '%s': %s%s", doing,
                  sqlite3_db_filename(db, "main"), sqlite3_errmsg(db),
                  code == PUP_ERROR_CORRUPT ? "; it may be deleted, then rooms must be "
                                              "scheduled again"
                                            : "");
}

static gboolean
bind_all(sqlite3_stmt *statement, const char *format, va_list args)
{
    for (int i = 0; format[i]; i++) {
        int result = format[i] == 's'
                         ? sqlite3_bind_text(statement, i + 1, va_arg(args, const char *),
                                             -1, SQLITE_TRANSIENT)
                         : sqlite3_bind_int64(statement, i + 1, va_arg(args, gint64));
        if (result != SQLITE_OK)
            return FALSE;
    }
    return TRUE;
}

static sqlite3_stmt *
prepare_valist(sqlite3 *db, const char *sql, const char *format, va_list args,
               GError **error)
{
    g_autoptr(sqlite3_stmt) statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        bind_all(statement, format, args))
        return g_steal_pointer(&statement);
    pup_database_error(db, sql, error);
    return NULL;
}

sqlite3_stmt *
pup_database_prepare(sqlite3 *db, GError **error, const char *sql, const char *format,
                     ...)
{
    va_list args;
    va_start(args, format);
    sqlite3_stmt *statement = prepare_valist(db, sql, format, args, error);
    va_end(args);
    return statement;
}

int
pup_database_step(sqlite3 *db, sqlite3_stmt *statement, GError **error)
{
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        return 1;
    if (result == SQLITE_DONE)
        return 0;
    pup_database_error(db, "cannot use the database", error);
    return -1;
}

gboolean
pup_database_run(sqlite3 *db, GError **error, const char *sql, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autoptr(sqlite3_stmt) statement = prepare_valist(db, sql, format, args, error);
    va_end(args);
    return statement && pup_database_step(db, statement, error) == 0;
}

static gboolean
exec(sqlite3 *db, const char *sql, GError **error)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return TRUE;
    pup_database_error(db, "cannot set up the database", error);
    return FALSE;
}

static gboolean
read_schema_version(sqlite3 *db, int *version, GError **error)
{
    g_autoptr(sqlite3_stmt) statement =
        pup_database_prepare(db, error, "PRAGMA user_version", "");
    if (!statement || pup_database_step(db, statement, error) != 1)
        return FALSE;
    *version = sqlite3_column_int(statement, 0);
    return TRUE;
}

/* Inside a write transaction: two programs that start at once make the tables once. */
static gboolean
set_up_tables(sqlite3 *db, GError **error)
{
    int version;
    if (!read_schema_version(db, &version, error))
        return FALSE;
    if (version > SCHEMA_VERSION) {
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "catalog '%s' has format %d, we know %d: made by a newer Pupitre",
                      sqlite3_db_filename(db, "main"), version, SCHEMA_VERSION);
        return FALSE;
    }
    for (int i = version; i < SCHEMA_VERSION; i++)
        if (!exec(db, schema[i], error))
            return FALSE;
    g_autofree char *pragma = g_strdup_printf("PRAGMA user_version = %d", SCHEMA_VERSION);
    return version == SCHEMA_VERSION || exec(db, pragma, error);
}

/* History is worth no sync a row: WAL with NORMAL loses the last moments in a power cut,
 * never the file. */
static gboolean
set_up(sqlite3 *db, GError **error)
{
    sqlite3_busy_timeout(db, BUSY_MS);
    if (!exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", error) ||
        !exec(db, "BEGIN IMMEDIATE", error))
        return FALSE;
    if (set_up_tables(db, error))
        return exec(db, "COMMIT", error);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return FALSE;
}

sqlite3 *
pup_database_open(const char *path, GError **error)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
    if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
        pup_error_set(error, PUP_ERROR_IO, "cannot open the catalog '%s': %s", path,
                      db ? sqlite3_errmsg(db) : "no memory");
        sqlite3_close(db);
        return NULL;
    }
    if (!set_up(db, error)) {
        sqlite3_close(db);
        return NULL;
    }
    return db;
}
