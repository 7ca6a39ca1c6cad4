/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/json.h"

#include "lib/error.h"

#include <string.h>

PupJsonValue *
pup_json_parse(const char *what, const void *text, size_t len, size_t max_bytes,
               GError **error)
{
    if (len > max_bytes) {
        pup_error_set(error, PUP_ERROR_INVALID, "%s: larger than %zu bytes", what,
                      max_bytes);
        return NULL;
    }
    json_error_t wrong;
    g_autoptr(PupJsonValue) root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &wrong);
    if (!root) {
        pup_error_set(error, PUP_ERROR_INVALID, "%s: byte %d: %s", what, wrong.position,
                      wrong.text);
        return NULL;
    }
    if (!json_is_object(root)) {
        pup_error_set(error, PUP_ERROR_INVALID, "%s: not a JSON object", what);
        return NULL;
    }
    return g_steal_pointer(&root);
}

gboolean
pup_json_has(const PupJsonReader *reader, const char *key)
{
    return json_object_get(reader->object, key) != NULL;
}

void
pup_json_fail(PupJsonReader *reader, const char *key, const char *format, ...)
{
    if (reader->failed)
        return;
    reader->failed = TRUE;
    va_list args;
    va_start(args, format);
    g_autofree char *reason = g_strdup_vprintf(format, args);
    va_end(args);
    pup_error_set(reader->error, PUP_ERROR_INVALID, "%s: '%s' %s", reader->what, key,
                  reason);
}

/* The member @key, NULL when it is missing or something failed before. */
static json_t *
take(PupJsonReader *reader, const char *key)
{
    if (reader->failed)
        return NULL;
    json_t *value = json_object_get(reader->object, key);
    if (!value)
        pup_json_fail(reader, key, "is missing");
    else if (reader->n_taken < PUP_JSON_MEMBERS_MAX)
        reader->taken[reader->n_taken++] = key;
    return value;
}

guint64
pup_json_uint(PupJsonReader *reader, const char *key, guint64 min, guint64 max)
{
    json_t *value = take(reader, key);
    if (!value)
        return 0;
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || (guint64) number < min ||
        (guint64) number > max) {
        pup_json_fail(reader, key,
                      "must be a whole number from %" G_GUINT64_FORMAT
                      " to %" G_GUINT64_FORMAT,
                      min, max);
        return 0;
    }
    return (guint64) number;
}

gboolean
pup_json_bool(PupJsonReader *reader, const char *key)
{
    json_t *value = take(reader, key);
    if (value && !json_is_boolean(value))
        pup_json_fail(reader, key, "must be true or false");
    return json_is_true(value);
}

const char *
pup_json_string(PupJsonReader *reader, const char *key, size_t max_len)
{
    json_t *value = take(reader, key);
    if (value && !json_is_string(value))
        pup_json_fail(reader, key, "must be a string");
    else if (value && json_string_length(value) > max_len)
        pup_json_fail(reader, key, "is longer than %zu bytes", max_len);
    return reader->failed ? "" : json_string_value(value);
}

json_t *
pup_json_object(PupJsonReader *reader, const char *key)
{
    json_t *value = take(reader, key);
    if (value && !json_is_object(value))
        pup_json_fail(reader, key, "must be an object");
    return reader->failed ? NULL : value;
}

json_t *
pup_json_array(PupJsonReader *reader, const char *key)
{
    json_t *value = take(reader, key);
    if (value && !json_is_array(value))
        pup_json_fail(reader, key, "must be an array");
    return reader->failed ? NULL : value;
}

static gboolean
was_taken(const PupJsonReader *reader, const char *key)
{
    for (unsigned i = 0; i < reader->n_taken; i++)
        if (strcmp(reader->taken[i], key) == 0)
            return TRUE;
    return FALSE;
}

gboolean
pup_json_end(PupJsonReader *reader)
{
    const char *key;
    json_t *value;
    json_object_foreach(reader->object, key, value)
    {
        if (!was_taken(reader, key))
            pup_json_fail(reader, key, "is not known here");
    }
    return !reader->failed;
}
