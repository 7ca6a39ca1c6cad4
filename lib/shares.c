/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/shares.h"

#include <string.h>

#include "lib/error.h"

#define NAME_CHARS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_"
#define NAME_MAX_CHARS 32u
#define PATH_MAX_CHARS 256u

static gboolean
is_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= NAME_MAX_CHARS && strspn(name, NAME_CHARS) == len;
}

/* TRUE when @path has two parts or more behind the two backslashes, none of them empty.
 */
static gboolean
is_path(const char *path)
{
    size_t n_parts = 0;

    if (strlen(path) > PATH_MAX_CHARS || !g_str_has_prefix(path, "\\\\") ||
        strpbrk(path, "\",;:*?|<>"))
        return FALSE;
    for (const char *c = path; *c; c++)
        if (!g_ascii_isprint(*c))
            return FALSE;
    for (const char *part = path + 1; part; part = strchr(part + 1, '\\')) {
        if (part[1] == '\0' || part[1] == '\\')
            return FALSE;
        n_parts++;
    }
    return n_parts >= 2;
}

/* Take one entry apart: @entry becomes its name. Returns its path within @entry, NULL
 * when it is none. */
static char *
split_entry(char *entry)
{
    char *path = strchr(entry, '=');

    if (!path)
        return NULL;
    *path++ = '\0';
    g_strstrip(entry);
    g_strdelimit(g_strstrip(path), "/", '\\');
    return is_name(entry) && is_path(path) ? path : NULL;
}

static gboolean
take_entry(GString *list, GHashTable *names, const char *text, GError **error)
{
    g_autofree char *entry = g_strdup(text);
    const char *path = split_entry(entry);

    if (!path) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' is no share: they are written NAME=\\\\SERVER\\SHARE", text);
        return FALSE;
    }
    if (!g_hash_table_add(names, g_ascii_strdown(entry, -1))) {
        pup_error_set(error, PUP_ERROR_INVALID, "'%s' is there twice", entry);
        return FALSE;
    }
    g_string_append_printf(list, "%s%s=%s", list->len ? "," : "", entry, path);
    return TRUE;
}

char *
pup_shares_parse(const char *text, GError **error)
{
    /* Of an empty text g_strsplit() makes no entry at all. */
    g_auto(GStrv) entries = g_strsplit(*text ? text : " ", ",", -1);
    g_autoptr(GHashTable) names =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GString) list = g_string_new(NULL);

    if (g_strv_length(entries) > PUP_SHARES_MAX) {
        pup_error_set(error, PUP_ERROR_INVALID, "a room has at most %u shares",
                      PUP_SHARES_MAX);
        return NULL;
    }
    for (char **entry = entries; *entry; entry++)
        if (!take_entry(list, names, g_strstrip(*entry), error))
            return NULL;
    return g_string_free(g_steal_pointer(&list), FALSE);
}
