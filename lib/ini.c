/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GKeyFile tells neither lines nor duplicates, so a scan of our own goes over the lines
 * first and notes where each key stands; GKeyFile then gives the values, and the two must
 * have seen the same keys.
 */
#include "config.h"
#include "lib/ini.h"

#include "lib/error.h"
#include "lib/text.h"

#include <string.h>

typedef struct {
    char *group, *key, *value;
    unsigned line;
} Entry;

struct PupIni {
    char *origin;
    const PupIniKey *keys;
    GPtrArray *entries;  /* Entry, in file order */
    GHashTable *by_name; /* "group\nkey" -> Entry */
};

static void
entry_free(gpointer data)
{
    Entry *entry = data;
    g_free(entry->group);
    g_free(entry->key);
    g_free(entry->value);
    g_free(entry);
}

static const Entry *
find_entry(const PupIni *ini, const char *group, const char *key)
{
    g_autofree char *name = g_strconcat(group, "\n", key, NULL);
    return g_hash_table_lookup(ini->by_name, name);
}

/* The table's line for @group and @key; with @key NULL any of the group. */
static const PupIniKey *
find_key(const PupIniKey *keys, const char *group, const char *key)
{
    for (; keys->group; keys++)
        if (strcmp(keys->group, group) == 0 &&
            (!key || strcmp(keys->key, "*") == 0 || strcmp(keys->key, key) == 0))
            return keys;
    return NULL;
}

static void G_GNUC_PRINTF(4, 5)
    line_error(const PupIni *ini, unsigned line, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *reason = g_strdup_vprintf(format, args);
    va_end(args);
    pup_error_set(error, PUP_ERROR_INVALID, "%s:%u: %s", ini->origin, line, reason);
}

/* The names of a group's keys, or of all groups: what could have been meant. */
static char *
list_known(const PupIniKey *keys, const char *group)
{
    GString *list = g_string_new(NULL);
    const char *last = "";
    for (; keys->group; keys++) {
        const char *word = group ? keys->key : keys->group;
        if ((group && strcmp(keys->group, group) != 0) || strcmp(word, last) == 0)
            continue;
        g_string_append_printf(list, "%s%s", list->len ? ", " : "", word);
        last = word;
    }
    return g_string_free(list, FALSE);
}

static gboolean
scan_group(const PupIni *ini, const char *text, unsigned line, char **group,
           GError **error)
{
    size_t len = strlen(text);
    if (text[len - 1] != ']') {
        line_error(ini, line, error, "a group is written as [name]");
        return FALSE;
    }
    g_autofree char *name = g_strndup(text + 1, len - 2);
    if (!find_key(ini->keys, name, NULL)) {
        g_autofree char *known = list_known(ini->keys, NULL);
        line_error(ini, line, error, "unknown group [%s]; known are %s", name, known);
        return FALSE;
    }
    g_free(*group);
    *group = g_steal_pointer(&name);
    return TRUE;
}

static gboolean
scan_key(PupIni *ini, const char *text, unsigned line, const char *group, GError **error)
{
    const char *equals = strchr(text, '=');
    if (!group || !equals) {
        line_error(ini, line, error, "%s",
                   equals ? "a key before the first [group]"
                          : "neither [group] nor key = value nor # comment");
        return FALSE;
    }
    g_autofree char *key = g_strchomp(g_strndup(text, (size_t) (equals - text)));
    if (!find_key(ini->keys, group, key)) {
        g_autofree char *known = list_known(ini->keys, group);
        line_error(ini, line, error, "[%s] %s: unknown key; known are %s", group, key,
                   known);
        return FALSE;
    }
    const Entry *first = find_entry(ini, group, key);
    if (first) {
        line_error(ini, line, error, "[%s] %s: set twice, first in line %u", group, key,
                   first->line);
        return FALSE;
    }
    Entry *entry = g_new0(Entry, 1);
    entry->group = g_strdup(group);
    entry->key = g_steal_pointer(&key);
    entry->line = line;
    g_ptr_array_add(ini->entries, entry);
    g_hash_table_insert(ini->by_name, g_strconcat(group, "\n", entry->key, NULL), entry);
    return TRUE;
}

/* What keeps a line from being plain text; NULL: nothing. */
static const char *
problem_of(const char *text, size_t len)
{
    if (!g_utf8_validate_len(text, len, NULL))
        return "not UTF-8: have the editor save the file as UTF-8";
    for (const char *p = text; p < text + len; p = g_utf8_next_char(p))
        if (g_unichar_iscntrl(g_utf8_get_char(p)) && *p != '\t')
            return "a control character: write the line anew";
    return NULL;
}

static gboolean
scan_line(PupIni *ini, const char *start, size_t len, unsigned line, char **group,
          GError **error)
{
    if (len > 0 && start[len - 1] == '\r')
        len--;
    const char *problem = problem_of(start, len);
    if (problem) {
        line_error(ini, line, error, "%s", problem);
        return FALSE;
    }
    g_autofree char *text = g_strstrip(g_strndup(start, len));
    if (text[0] == '\0' || text[0] == '#')
        return TRUE;
    if (text[0] == '[')
        return scan_group(ini, text, line, group, error);
    return scan_key(ini, text, line, *group, error);
}

static gboolean
scan(PupIni *ini, const char *text, size_t len, GError **error)
{
    g_autofree char *group = NULL;
    unsigned line = 1;
    for (const char *p = text, *end = text + len; p < end; line++) {
        const char *newline = memchr(p, '\n', (size_t) (end - p));
        const char *line_end = newline ? newline : end;
        if (!scan_line(ini, p, (size_t) (line_end - p), line, &group, error))
            return FALSE;
        p = line_end + 1;
    }
    return TRUE;
}

static size_t
count_keys(GKeyFile *file)
{
    size_t n = 0, n_keys;
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; *group; group++) {
        g_strfreev(g_key_file_get_keys(file, *group, &n_keys, NULL));
        n += n_keys;
    }
    return n;
}

static gboolean
read_values(PupIni *ini, const char *text, size_t len, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) wrong = NULL;
    if (!g_key_file_load_from_data(file, text, len, G_KEY_FILE_KEEP_TRANSLATIONS,
                                   &wrong)) {
        pup_error_set(error, PUP_ERROR_INVALID, "%s: %s", ini->origin, wrong->message);
        return FALSE;
    }
    for (guint i = 0; i < ini->entries->len; i++) {
        Entry *entry = ini->entries->pdata[i];
        entry->value = g_key_file_get_value(file, entry->group, entry->key, NULL);
        if (!entry->value || g_strstrip(entry->value)[0] == '\0') {
            pup_ini_error(ini, entry->group, entry->key, error,
                          "has no value; give it one or remove the line");
            return FALSE;
        }
    }
    if (count_keys(file) != ini->entries->len) {
        pup_error_set(error, PUP_ERROR_INVALID, "%s: cannot tell its keys apart",
                      ini->origin);
        return FALSE;
    }
    return TRUE;
}

static gboolean
parse_bool(const char *text, gboolean *value)
{
    static const char *const words[] = {"no",  "yes", "false", "true",
                                        "off", "on",  "0",     "1"};
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *value = i & 1;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
parse_uint(const PupIniKey *key, const char *text, guint64 *value)
{
    g_autofree char *digits = g_strdup(text);
    if (key->unit && g_str_has_suffix(digits, key->unit)) {
        digits[strlen(digits) - strlen(key->unit)] = '\0';
        g_strchomp(digits);
    }
    return g_ascii_string_to_unsigned(digits, 10, key->min, key->max, value, NULL);
}

static gboolean
is_choice(const char *choices, const char *text)
{
    g_auto(GStrv) words = g_strsplit(choices, "|", -1);
    return g_strv_contains((const char *const *) words, text);
}

static gboolean
check_value(const PupIni *ini, const Entry *entry, GError **error)
{
    const PupIniKey *key = find_key(ini->keys, entry->group, entry->key);
    gboolean ignored_bool;
    guint64 ignored_uint;
    if (key->type == PUP_INI_BOOL && !parse_bool(entry->value, &ignored_bool)) {
        pup_ini_error(ini, entry->group, entry->key, error, "'%s' is neither yes nor no",
                      entry->value);
        return FALSE;
    }
    if (key->type == PUP_INI_UINT && !parse_uint(key, entry->value, &ignored_uint)) {
        pup_ini_error(ini, entry->group, entry->key, error,
                      "'%s' is not a whole number from %" G_GUINT64_FORMAT
                      " to %" G_GUINT64_FORMAT "%s%s",
                      entry->value, key->min, key->max, key->unit ? " " : "",
                      key->unit ? key->unit : "");
        return FALSE;
    }
    if (key->type == PUP_INI_CHOICE && !is_choice(key->choices, entry->value)) {
        pup_ini_error(ini, entry->group, entry->key, error, "'%s' is none of %s",
                      entry->value, key->choices);
        return FALSE;
    }
    return TRUE;
}

PupIni *
pup_ini_parse(const char *origin, const char *text, size_t len, const PupIniKey *keys,
              GError **error)
{
    text = pup_text_of_file(origin, text, len, &len, error);
    if (!text)
        return NULL;
    g_autoptr(PupIni) ini = g_new0(PupIni, 1);
    ini->origin = g_strdup(origin);
    ini->keys = keys;
    ini->entries = g_ptr_array_new_with_free_func(entry_free);
    ini->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!scan(ini, text, len, error) || !read_values(ini, text, len, error))
        return NULL;
    for (guint i = 0; i < ini->entries->len; i++)
        if (!check_value(ini, ini->entries->pdata[i], error))
            return NULL;
    return g_steal_pointer(&ini);
}

void
pup_ini_free(PupIni *ini)
{
    if (!ini)
        return;
    g_hash_table_unref(ini->by_name);
    g_ptr_array_unref(ini->entries);
    g_free(ini->origin);
    g_free(ini);
}

const char *
pup_ini_string(const PupIni *ini, const char *group, const char *key)
{
    const PupIniKey *known = find_key(ini->keys, group, key);
    g_return_val_if_fail(known, NULL);
    const Entry *entry = find_entry(ini, group, key);
    return entry ? entry->value : known->fallback;
}

gboolean
pup_ini_bool(const PupIni *ini, const char *group, const char *key)
{
    gboolean value = FALSE;
    const char *text = pup_ini_string(ini, group, key);
    g_return_val_if_fail(text && parse_bool(text, &value), FALSE);
    return value;
}

guint64
pup_ini_uint(const PupIni *ini, const char *group, const char *key)
{
    guint64 value = 0;
    const char *text = pup_ini_string(ini, group, key);
    g_return_val_if_fail(
        text && parse_uint(find_key(ini->keys, group, key), text, &value), 0);
    return value;
}

gboolean
pup_ini_is_set(const PupIni *ini, const char *group, const char *key)
{
    return find_entry(ini, group, key) != NULL;
}

char **
pup_ini_keys(const PupIni *ini, const char *group)
{
    GPtrArray *keys = g_ptr_array_new();
    for (guint i = 0; i < ini->entries->len; i++) {
        const Entry *entry = ini->entries->pdata[i];
        if (strcmp(entry->group, group) == 0)
            g_ptr_array_add(keys, g_strdup(entry->key));
    }
    g_ptr_array_add(keys, NULL);
    return (char **) g_ptr_array_free(keys, FALSE);
}

unsigned
pup_ini_line(const PupIni *ini, const char *group, const char *key)
{
    const Entry *entry = find_entry(ini, group, key);
    return entry ? entry->line : 0;
}

void
pup_ini_error(const PupIni *ini, const char *group, const char *key, GError **error,
              const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *reason = g_strdup_vprintf(format, args);
    va_end(args);
    unsigned line = pup_ini_line(ini, group, key);
    if (line)
        line_error(ini, line, error, "[%s] %s: %s", group, key, reason);
    else
        pup_error_set(error, PUP_ERROR_INVALID, "%s: [%s] %s: %s", ini->origin, group,
                      key, reason);
}

void
pup_ini_append(GString *text, const PupIniKey *key, const char *value)
{
    g_string_append_printf(text, "# %s", key->help);
    if (key->choices)
        g_string_append_printf(text, " (%s)", key->choices);
    if (key->unit)
        g_string_append_printf(text, " (%s)", key->unit);
    if (value)
        g_string_append_printf(text, "\n%s = %s\n", key->key, value);
    else if (key->fallback && key->fallback[0])
        g_string_append_printf(text, "\n#%s = %s\n", key->key, key->fallback);
    else
        g_string_append_printf(text, "\n#%s =\n", key->key);
}
