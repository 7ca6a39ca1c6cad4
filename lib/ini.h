/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ini - strict key files
 *
 * GKeyFile reads them; a table says which keys there are, with type, default, unit and
 * range. An unknown group or key, a key twice, a key without a value, a bad value:
 * INVALID with "FILE:LINE: ...". Values are taken as they stand: no escapes, no control
 * characters, UTF-8; a byte order mark and Windows' line ends are passed over. The same
 * table is what `--help` and the manual pages are checked against.
 *
 * Pure; a PupIni is owned by one thread at a time.
 */
#pragma once

#include <glib.h>

typedef enum {
    PUP_INI_STRING,
    PUP_INI_BOOL,   /* yes/no, true/false, on/off, 1/0 */
    PUP_INI_UINT,   /* decimal, min..max; the key's unit may follow: "512 MiB" */
    PUP_INI_CHOICE, /* one of the words in @choices, separated by '|' */
} PupIniType;

typedef struct {
    const char *group;
    const char *key; /* "*": any key in this group (seats), type STRING */
    PupIniType type;
    const char *fallback; /* default as text; NULL: none, pup_ini_string() gives NULL */
    const char *unit;     /* "MiB", "s", ... or NULL */
    guint64 min, max;     /* UINT only */
    const char *choices;  /* CHOICE only */
    const char *help;     /* one line for the manual */
} PupIniKey;

typedef struct PupIni PupIni;

/* Parse @text (@len bytes) against @keys (ended by .group == NULL). @origin is the file
 * name for messages. Errors: INVALID. */
PupIni *pup_ini_parse(const char *origin, const char *text, size_t len,
                      const PupIniKey *keys, GError **error);
void pup_ini_free(PupIni *ini);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupIni, pup_ini_free)

/* Values, checked at parse time; the default where the file is silent. Asking for a key
 * that is not in the table is a bug of ours. Strings belong to @ini. */
const char *pup_ini_string(const PupIni *ini, const char *group, const char *key);
gboolean pup_ini_bool(const PupIni *ini, const char *group, const char *key);
guint64 pup_ini_uint(const PupIni *ini, const char *group, const char *key);
/* TRUE when the file itself sets the key. */
gboolean pup_ini_is_set(const PupIni *ini, const char *group, const char *key);
/* Keys of a "*" group in file order; NULL-terminated, free with g_strfreev(). */
char **pup_ini_keys(const PupIni *ini, const char *group);
/* Line (1 ..) where group/key stands, 0 when it does not. */
unsigned pup_ini_line(const PupIni *ini, const char *group, const char *key);

/* Set INVALID with "ORIGIN:LINE: [group] key: " and the formatted reason: for checks that
 * only the caller can make. */
void pup_ini_error(const PupIni *ini, const char *group, const char *key, GError **error,
                   const char *format, ...) G_GNUC_PRINTF(5, 6);

/* Append the lines of one key to a file that an admin is to edit: a comment that says
 * what it is, and "key = value", commented out with the default when @value is NULL. */
void pup_ini_append(GString *text, const PupIniKey *key, const char *value);
