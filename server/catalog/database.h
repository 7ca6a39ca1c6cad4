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

/* Open the database @path, make it and its tables where missing. Errors: UNSUPPORTED
 * (newer), CORRUPT (says to delete it), BUSY, NO_SPACE, IO. */
sqlite3 *pup_database_open(const char *path, GError **error);

/* Set @error from the last failure on @db; @doing says what failed. */
void pup_database_error(sqlite3 *db, const char *doing, GError **error);

/* Prepare @sql and bind @format's arguments to ?1, ?2 ...: s const char * (NULL binds
 * NULL), i gint64. NULL on error. */
sqlite3_stmt *pup_database_prepare(sqlite3 *db, GError **error, const char *sql,
                                   const char *format, ...);
/* Prepare, run, expect no rows. */
gboolean pup_database_run(sqlite3 *db, GError **error, const char *sql,
                          const char *format, ...);
/* The next row: 1, none left: 0, error: -1. */
int pup_database_step(sqlite3 *db, sqlite3_stmt *statement, GError **error);
