/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table - what a listing command prints: aligned text for people, JSON for programs
 *
 *     static const PupColumn columns[] = {{"ROOM", "room", PUP_CELL_TEXT}, ..., {NULL}};
 *     g_autoptr(PupTable) table = pup_table_new("rooms", columns);
 *     pup_table_add(table, room, (guint64) version, ...);     one argument a column
 *     pup_table_print(table, form);
 *
 * One description serves both forms, so they cannot drift apart. A cell's text may come
 * from a guest or the network: control characters are shown escaped (lib/text.h), and
 * columns are as wide as what a terminal draws.
 *
 * What everybody asks for stands in 80 columns; the rest is PUP_COLUMN_WIDE. A text that
 * somebody may make as long as they like is PUP_COLUMN_CUT. Where the last column still
 * does not fit the width that is asked for, its text is cut.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef enum {
    PUP_CELL_TEXT,    /* const char *, copied; NULL: "-" and null */
    PUP_CELL_UINT,    /* guint64, right aligned */
    PUP_CELL_VERSION, /* the same; 0, no version: "-" and null */
    PUP_CELL_BYTES, /* guint64: "1.2 GiB", a number in JSON; PUP_NO_BYTES: "-" and null */
    PUP_CELL_MS,   /* gint64 milliseconds: "12.3 s", a number in JSON; -1: "-" and null */
    PUP_CELL_BOOL, /* int: "*" or "", true or false */
    PUP_CELL_TEXTS, /* const char *const *, copied: joined by ", ", an array in JSON */
    PUP_CELL_RATIO, /* double, 0 .. 1: "97%", a number in JSON; below 0: "-" and null */
    PUP_CELL_JSON,  /* json_t *, taken over: no text, the value in JSON */
} PupCellType;

/* In a cell of bytes: there is no such thing. */
#define PUP_NO_BYTES G_MAXUINT64

typedef enum {
    PUP_COLUMN_WIDE = 1 << 0,   /* in PUP_TABLE_WIDE and JSON only */
    PUP_COLUMN_NARROW = 1 << 1, /* in PUP_TABLE_TEXT and JSON only */
    PUP_COLUMN_HIDDEN = PUP_COLUMN_WIDE | PUP_COLUMN_NARROW, /* in JSON only */
    PUP_COLUMN_CUT = 1 << 3,  /* texts of any length: cut where the table is too wide for
                                 the screen, or for 80 columns where there is none */
    PUP_COLUMN_NAME = 1 << 2, /* what PUP_TABLE_NAMES lists; else the first column */
} PupColumnFlags;

typedef struct {
    const char *title; /* of the column; ends the list when NULL; "" with CELL_JSON */
    const char *key;   /* in JSON; NULL: for people only */
    PupCellType type;
    PupColumnFlags flags;
} PupColumn;

typedef enum {
    PUP_TABLE_TEXT,  /* aligned, with titles */
    PUP_TABLE_WIDE,  /* the same with all columns, and nothing cut */
    PUP_TABLE_NAMES, /* the names alone, a line each; a row without one is left out */
    PUP_TABLE_JSON,  /* {"NAME":[{...}, ...]} */
} PupTableForm;

typedef struct PupTable PupTable;

/* A new table; @name is the key of its array in JSON. @name and @columns must outlive it.
 */
PupTable *pup_table_new(const char *name, const PupColumn *columns);
void pup_table_free(PupTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupTable, pup_table_free)

/* Add a row: one argument of its type a column. */
void pup_table_add(PupTable *table, ...);

/* The table as text that ends in a newline; new string. An empty table is titles only.
 * @columns: the screen's width for PUP_TABLE_TEXT, 0: no limit. */
char *pup_table_format(const PupTable *table, PupTableForm form, unsigned columns);

/* The rows as they are in JSON; @table's. */
json_t *pup_table_rows(const PupTable *table);

/* "1.2 GiB", "512 B"; new string. */
char *pup_bytes_format(guint64 bytes);
