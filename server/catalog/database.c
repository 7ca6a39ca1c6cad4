/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/catalog/database.h"

#include "lib/error.h"
#include "lib/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define BUSY_MS 5000
#define RETRY_US (10 * G_USEC_PER_SEC)
#define FLAGS SQLITE_OPEN_FULLMUTEX

struct PupDatabase {
    char *path;
    gboolean look;
    sqlite3 *sqlite; /* NULL: it cannot even be read */
    GError *trouble;
    gint64 tried_us; /* monotonic */
};

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
/* When the file was made, 0 where nobody wrote that down. */
static const char schema_6[] = "CREATE TABLE made (at_ms INTEGER NOT NULL);"
                               "INSERT INTO made VALUES (0);";
static const char *const schema[] = {schema_1, schema_2, schema_3,
                                     schema_4, schema_5, schema_6};
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
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return PUP_ERROR_DENIED;
    default:
        return PUP_ERROR_IO;
    }
}

static void
set_error(sqlite3 *sqlite, const char *doing, GError **error)
{
    PupErrorCode code = code_of(sqlite3_errcode(sqlite));
    pup_error_set(error, code, "%s: catalog '%s': %s", doing,
                  sqlite3_db_filename(sqlite, "main"), sqlite3_errmsg(sqlite));
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

static gboolean ready(PupDatabase *db, GError **error);

static sqlite3_stmt *
prepare_valist(PupDatabase *db, const char *sql, const char *format, va_list args,
               GError **error)
{
    g_autoptr(sqlite3_stmt) statement = NULL;
    if (!ready(db, error))
        return NULL;
    if (sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, NULL) == SQLITE_OK &&
        bind_all(statement, format, args))
        return g_steal_pointer(&statement);
    set_error(db->sqlite, sql, error);
    return NULL;
}

sqlite3_stmt *
pup_database_prepare(PupDatabase *db, GError **error, const char *sql, const char *format,
                     ...)
{
    va_list args;
    va_start(args, format);
    sqlite3_stmt *statement = prepare_valist(db, sql, format, args, error);
    va_end(args);
    return statement;
}

int
pup_database_step(PupDatabase *db, sqlite3_stmt *statement, GError **error)
{
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        return 1;
    if (result == SQLITE_DONE)
        return 0;
    set_error(sqlite3_db_handle(statement), "cannot use the database", error);
    return -1;
}

gboolean
pup_database_run(PupDatabase *db, GError **error, const char *sql, const char *format,
                 ...)
{
    va_list args;
    va_start(args, format);
    g_autoptr(sqlite3_stmt) statement = prepare_valist(db, sql, format, args, error);
    va_end(args);
    return statement && pup_database_step(db, statement, error) == 0;
}

void
pup_database_sync(PupDatabase *db, gboolean full)
{
    if (db->sqlite)
        sqlite3_exec(db->sqlite,
                     full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
                     NULL, NULL, NULL);
}

unsigned
pup_database_changes(PupDatabase *db)
{
    return db->sqlite ? (unsigned) sqlite3_changes(db->sqlite) : 0;
}

/* ---- opening -------------------------------------------------------------------------
 */

static gboolean
exec(sqlite3 *sqlite, const char *sql, GError **error)
{
    if (sqlite3_exec(sqlite, sql, NULL, NULL, NULL) == SQLITE_OK)
        return TRUE;
    set_error(sqlite, "cannot set up the database", error);
    return FALSE;
}

static gboolean
read_schema_version(sqlite3 *sqlite, int *version, GError **error)
{
    g_autoptr(sqlite3_stmt) statement = NULL;
    if (sqlite3_prepare_v2(sqlite, "PRAGMA user_version", -1, &statement, NULL) !=
            SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW) {
        set_error(sqlite, "cannot read the database", error);
        return FALSE;
    }
    *version = sqlite3_column_int(statement, 0);
    return TRUE;
}

static gboolean
check_schema_version(sqlite3 *sqlite, int version, GError **error)
{
    if (version <= SCHEMA_VERSION)
        return TRUE;
    pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                  "catalog '%s' has format %d, we know %d: made by a newer Pupitre",
                  sqlite3_db_filename(sqlite, "main"), version, SCHEMA_VERSION);
    return FALSE;
}

static gboolean
note_made(sqlite3 *sqlite, GError **error)
{
    g_autofree char *sql = g_strdup_printf("UPDATE made SET at_ms = %" G_GINT64_FORMAT,
                                           g_get_real_time() / 1000);
    return exec(sqlite, sql, error);
}

/* Inside a write transaction: two programs that start at once make the tables once. */
static gboolean
set_up_tables(sqlite3 *sqlite, GError **error)
{
    g_autofree char *pragma = g_strdup_printf("PRAGMA user_version = %d", SCHEMA_VERSION);
    int version;
    if (!read_schema_version(sqlite, &version, error) ||
        !check_schema_version(sqlite, version, error))
        return FALSE;
    for (int i = version; i < SCHEMA_VERSION; i++)
        if (!exec(sqlite, schema[i], error))
            return FALSE;
    if (version == 0 && !note_made(sqlite, error))
        return FALSE;
    return version == SCHEMA_VERSION || exec(sqlite, pragma, error);
}

/* History is worth no sync a row: WAL with NORMAL loses the last moments in a power cut,
 * never the file. */
static gboolean
set_up(sqlite3 *sqlite, GError **error)
{
    if (!exec(sqlite, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", error) ||
        !exec(sqlite, "BEGIN IMMEDIATE", error))
        return FALSE;
    if (set_up_tables(sqlite, error))
        return exec(sqlite, "COMMIT", error);
    sqlite3_exec(sqlite, "ROLLBACK", NULL, NULL, NULL);
    return FALSE;
}

static sqlite3 *
open_file(const char *name, int flags, GError **error)
{
    sqlite3 *sqlite = NULL;
    if (sqlite3_open_v2(name, &sqlite, FLAGS | flags, NULL) != SQLITE_OK) {
        pup_error_set(error, code_of(sqlite3_errcode(sqlite)),
                      "cannot open the catalog '%s': %s", name,
                      sqlite ? sqlite3_errmsg(sqlite) : "no memory");
        sqlite3_close(sqlite);
        return NULL;
    }
    sqlite3_busy_timeout(sqlite, BUSY_MS);
    return sqlite;
}

static sqlite3 *
open_to_write(const char *name, int flags, GError **error)
{
    sqlite3 *sqlite = open_file(name, SQLITE_OPEN_READWRITE | flags, error);
    if (!sqlite || set_up(sqlite, error))
        return sqlite;
    sqlite3_close(sqlite);
    return NULL;
}

/* Nobody has it open, and nothing of it stands elsewhere: what the file says is all. */
static gboolean
is_at_rest(const char *path)
{
    g_autofree char *wal = g_strconcat(path, "-wal", NULL);
    struct stat st;
    return stat(wal, &st) < 0 || st.st_size == 0;
}

/* Where SQLite cannot make the files that it wants beside the database. NULL where that
 * will not do either; why is known already. */
static sqlite3 *
open_to_read(const char *path)
{
    g_autofree char *escaped = g_uri_escape_string(path, "/", FALSE);
    g_autofree char *uri = g_strconcat("file:", escaped, "?immutable=1", NULL);
    sqlite3 *sqlite;
    int version = 0;
    if (!is_at_rest(path))
        return NULL;
    sqlite = open_file(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
    if (sqlite && read_schema_version(sqlite, &version, NULL) &&
        version == SCHEMA_VERSION)
        return sqlite;
    sqlite3_close(sqlite);
    return NULL;
}

/* Whoever only looks makes no file: for them one that is not there is empty. */
static void
try_to_open(PupDatabase *db)
{
    struct stat st;
    gboolean there = stat(db->path, &st) == 0;
    db->tried_us = g_get_monotonic_time();
    g_clear_error(&db->trouble);
    g_clear_pointer(&db->sqlite, sqlite3_close_v2);
    if (db->look && !there && errno == ENOENT)
        db->sqlite = open_to_write(":memory:", 0, &db->trouble);
    else if (there && !S_ISREG(st.st_mode))
        /* opening a pipe would wait for ever */
        pup_error_set(&db->trouble, PUP_ERROR_INVALID, "catalog '%s' is no file but %s",
                      db->path,
                      S_ISDIR(st.st_mode)    ? "a folder"
                      : S_ISFIFO(st.st_mode) ? "a pipe"
                                             : "something else");
    else
        db->sqlite =
            open_to_write(db->path, db->look ? 0 : SQLITE_OPEN_CREATE, &db->trouble);
    if (!db->sqlite && there && S_ISREG(st.st_mode))
        db->sqlite = open_to_read(db->path);
}

/* Trouble may pass: a daemon need not be started again for it. */
static gboolean
ready(PupDatabase *db, GError **error)
{
    if (db->trouble && g_get_monotonic_time() - db->tried_us >= RETRY_US)
        try_to_open(db);
    if (!db->sqlite && error)
        *error = g_error_copy(db->trouble);
    return db->sqlite != NULL;
}

PupDatabase *
pup_database_open(const char *path, gboolean look)
{
    g_autofree char *folder = g_path_get_dirname(path);
    PupDatabase *db = g_new0(PupDatabase, 1);
    db->path = g_strdup(path);
    db->look = look;
    if (!look)
        pup_file_make_dir(folder, NULL);
    try_to_open(db);
    return db;
}

gboolean
pup_database_is_there(PupDatabase *db)
{
    return g_strcmp0(sqlite3_db_filename(db->sqlite, "main"), "") != 0;
}

const GError *
pup_database_trouble(PupDatabase *db)
{
    return db->trouble;
}

void
pup_database_free(PupDatabase *db)
{
    if (!db)
        return;
    sqlite3_close(db->sqlite);
    g_clear_error(&db->trouble);
    g_free(db->path);
    g_free(db);
}
