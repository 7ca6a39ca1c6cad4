/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/recipe_script.h"

#include "lib/text.h"

#define BOM "\xef\xbb\xbf"

static GBytes *
for_sh(const char *path, const char *text, gsize len, GError **error)
{
    g_autoptr(GString) out = NULL;

    text = pup_text_of_file(path, text, len, &len, error);
    if (!text)
        return NULL;
    out = g_string_sized_new(len);
    for (gsize i = 0; i < len; i++)
        if (text[i] != '\r' || i + 1 == len || text[i + 1] != '\n')
            g_string_append_c(out, text[i]);
    return g_string_free_to_bytes(g_steal_pointer(&out));
}

static GBytes *
for_powershell(GBytes *bytes, const char *text, gsize len)
{
    g_autoptr(GString) out = NULL;

    if (g_str_has_prefix(text, BOM) || !g_utf8_validate_len(text, len, NULL) ||
        g_str_is_ascii(text))
        return g_bytes_ref(bytes);
    out = g_string_new(BOM);
    g_string_append_len(out, text, (gssize) len);
    return g_string_free_to_bytes(g_steal_pointer(&out));
}

GBytes *
pup_recipe_script(const char *path, GBytes *text, PupShell shell, GError **error)
{
    gsize len;
    const char *data = g_bytes_get_data(text, &len);
    g_autofree char *copy = g_strndup(data ? data : "", len); /* ended by a NUL */

    return shell == PUP_SHELL_SH ? for_sh(path, data ? data : "", len, error)
                                 : for_powershell(text, copy, len);
}
