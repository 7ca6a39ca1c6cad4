/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json - strict reading of JSON objects that came from disk or network
 *
 *     g_autoptr(PupJsonValue) root = pup_json_parse("report", text, len, 4096, error);
 *     PupJsonReader r = PUP_JSON_READER("report", root, error);
 *     state = g_strdup(pup_json_string(&r, "state", 16));
 *     version = pup_json_uint(&r, "version", 0, PUP_VERSION_MAX);
 *     if (!pup_json_end(&r)) ...
 *
 * A reader keeps the first error and answers with zeros and empty strings from then on,
 * so that only pup_json_end() need be looked at. A key that was not asked for is an
 * error. All errors are INVALID and name @what and the key.
 *
 * Pure; a reader and its values belong to one thread at a time.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef json_t PupJsonValue;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupJsonValue, json_decref)

/* How many members one object may have: ours have at most 15. */
#define PUP_JSON_MEMBERS_MAX 32

typedef struct {
    const char *what; /* borrowed: named in messages */
    json_t *object;   /* borrowed */
    GError **error;
    gboolean failed; /* error is set */
    unsigned n_taken;
    const char *taken[PUP_JSON_MEMBERS_MAX]; /* keys asked for and there */
} PupJsonReader;

#define PUP_JSON_READER(what_, object_, error_)                                          \
    {                                                                                    \
        .what = (what_), .object = (object_), .error = (error_)                          \
    }

/* Parse @text (@len bytes, refused when more than @max_bytes), which must be one object
 * without a member twice. A new reference, NULL on error. */
PupJsonValue *pup_json_parse(const char *what, const void *text, size_t len,
                             size_t max_bytes, GError **error);

/* TRUE when @key is there. Does not count as asking for it. */
gboolean pup_json_has(const PupJsonReader *reader, const char *key);

/* Required members. Strings, objects and arrays belong to
 * the reader's object. @max_len in bytes. */
guint64 pup_json_uint(PupJsonReader *reader, const char *key, guint64 min, guint64 max);
gboolean pup_json_bool(PupJsonReader *reader, const char *key);
const char *pup_json_string(PupJsonReader *reader, const char *key, size_t max_len);
json_t *pup_json_object(PupJsonReader *reader, const char *key); /* NULL once failed */
json_t *pup_json_array(PupJsonReader *reader, const char *key);  /* NULL once failed */

/* Record that @key holds something wrong, unless an error is there already. */
void pup_json_fail(PupJsonReader *reader, const char *key, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Check that every member was asked for. FALSE when anything failed. */
gboolean pup_json_end(PupJsonReader *reader);
