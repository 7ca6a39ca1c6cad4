/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/nearest.h"

#include <string.h>

/* As many fit into a line. */
#define MAX_MEANT 3u
#define MAX_LISTED 6u
/* Names are shorter (lib/ident.h); a longer word is no slip of one. */
#define MAX_LEN 64u

/* How many letters have to be changed, added or left out, or neighbours swapped, to make
 * @a out of @b. */
static unsigned
distance(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    unsigned rows[3][MAX_LEN + 1];

    for (unsigned j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i - 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            row[j] =
                MIN(MIN(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = MIN(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

static gboolean
is_near(const char *word, const char *name)
{
    size_t len = strlen(word);

    if (len > MAX_LEN || strlen(name) > MAX_LEN)
        return FALSE;
    if (g_ascii_strcasecmp(word, name) == 0 || (len > 1 && g_str_has_prefix(name, word)))
        return TRUE;
    return distance(word, name) <= (len + 1) / 4;
}

/* "'a', 'b' or 'c'"; NULL: none is near. */
static char *
list_near(const char *word, char *const *names)
{
    g_autoptr(GPtrArray) near = g_ptr_array_new();
    g_autoptr(GString) text = g_string_new(NULL);

    for (; *names && near->len < MAX_MEANT; names++)
        if (is_near(word, *names))
            g_ptr_array_add(near, *names);
    for (unsigned i = 0; i < near->len; i++)
        g_string_append_printf(text, "%s'%s'",
                               i == 0               ? ""
                               : i + 1 == near->len ? " or "
                                                    : ", ",
                               (const char *) near->pdata[i]);
    return near->len ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

char *
pup_nearest_hint(const char *word, char *const *names)
{
    unsigned n = names ? g_strv_length((char **) names) : 0;
    g_autofree char *meant = n ? list_near(word, names) : NULL;
    g_autoptr(GString) text = g_string_new(NULL);

    if (n == 0)
        return g_strdup("; there is none yet");
    if (meant)
        return g_strdup_printf("; did you mean %s?", meant);
    for (unsigned i = 0; i < n && i < MAX_LISTED; i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "", names[i]);
    if (n > MAX_LISTED)
        g_string_append_printf(text, " and %u more", n - MAX_LISTED);
    return g_strdup_printf("; there %s %s", n == 1 ? "is" : "are", text->str);
}
