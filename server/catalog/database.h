/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * database - the catalog's SQLite file; for server/catalog only, the one file there that
 * includes sqlite3.h besides seats.c
 *
 * Threads: one connection, under the catalog's lock.
 */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sqlite3_stmt, sqlite3_finalize)

typedef struct PupDatabase PupDatabase;

/* Open the database @path, make it and its tables where missing. With @look, one that is
 * not there is not made, but empty. Never NULL, and waits for no pipe: what cannot be
 * opened has trouble, and whatever is asked of it fails with that; ten seconds later it
 * is tried again. One that can be read alone (a read-only file system, a full disk) has
 * trouble, too, but answers. */
PupDatabase *pup_database_open(const char *path, gboolean look);
void pup_database_free(PupDatabase *db);

/* UNSUPPORTED (newer), INVALID (no file), CORRUPT, BUSY, DENIED, NO_SPACE, IO; the
 * database's own; NULL: there is none. */
const GError *pup_database_trouble(PupDatabase *db);

/* FALSE where it is not there, and counts as empty. For one that answers. */
gboolean pup_database_is_there(PupDatabase *db);

/* From now on a transaction is on the disk when it has ended; or need not be. */
void pup_database_sync(PupDatabase *db, gboolean full);
/* Rows that the last statement changed. */
unsigned pup_database_changes(PupDatabase *db);

/* Prepare @sql and bind @format's arguments to ?1, ?2 ...: s const char * (NULL binds
 * NULL), i gint64. NULL on error. */
sqlite3_stmt *pup_database_prepare(PupDatabase *db, GError **error, const char *sql,
                                   const char *format, ...);
/* Prepare, run, expect no rows. */
gboolean pup_database_run(PupDatabase *db, GError **error, const char *sql,
                          const char *format, ...);
/* The next row: 1, none left: 0, error: -1. */
int pup_database_step(PupDatabase *db, sqlite3_stmt *statement, GError **error);
