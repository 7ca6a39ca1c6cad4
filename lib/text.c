/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/text.h"

#include "lib/error.h"

#include <string.h>

#define BOM "\xef\xbb\xbf"
#define ZERO_WIDTH_NON_JOINER 0x200c
#define ZERO_WIDTH_JOINER 0x200d
#define SOFT_HYPHEN 0xad
#define ELLIPSIS "…"

/* The two joiners are of the spelling of Persian and of emoji, and move nothing else. */
static gboolean
is_shown(gunichar c)
{
    switch (g_unichar_type(c)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
        return FALSE;
    case G_UNICODE_FORMAT:
        return c == ZERO_WIDTH_JOINER || c == ZERO_WIDTH_NON_JOINER || c == SOFT_HYPHEN;
    default:
        return TRUE;
    }
}

static void
append_escaped(GString *out, gunichar c)
{
    switch (c) {
    case '\n':
        g_string_append(out, "\\n");
        break;
    case '\t':
        g_string_append(out, "\\t");
        break;
    case '\r':
        g_string_append(out, "\\r");
        break;
    default:
        g_string_append_printf(out, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
    }
}

char *
pup_text_escape(const char *text)
{
    GString *out = g_string_new(NULL);
    const char *p = text ? text : "";

    while (*p) {
        gunichar c = g_utf8_get_char_validated(p, -1);
        if (c == (gunichar) -1 || c == (gunichar) -2) {
            g_string_append_printf(out, "\\x%02x", (guint8) *p++);
            continue;
        }
        if (is_shown(c))
            g_string_append_unichar(out, c);
        else
            append_escaped(out, c);
        p = g_utf8_next_char(p);
    }
    return g_string_free(out, FALSE);
}

static unsigned
columns_of(gunichar c)
{
    if (g_unichar_iszerowidth(c))
        return 0;
    return g_unichar_iswide(c) ? 2 : 1;
}

unsigned
pup_text_columns(const char *text)
{
    unsigned columns = 0;

    for (; *text; text = g_utf8_next_char(text))
        columns += columns_of(g_utf8_get_char(text));
    return columns;
}

char *
pup_text_cut(const char *text, unsigned columns)
{
    const char *end = text;
    unsigned used = 0;

    if (pup_text_columns(text) <= columns)
        return g_strdup(text);
    for (; *end; end = g_utf8_next_char(end)) {
        used += columns_of(g_utf8_get_char(end));
        if (used > columns - 1)
            break;
    }
    return g_strdup_printf("%.*s" ELLIPSIS, (int) (end - text), text);
}

/* "UTF-16" or "UTF-32" where @bytes are that, by their mark or by their zero bytes. */
static const char *
wide_encoding(const char *bytes, gsize len)
{
    const guint8 *b = (const guint8 *) bytes;

    if (len >= 4 && ((b[0] == 0xff && b[1] == 0xfe && !b[2] && !b[3]) ||
                     (!b[0] && !b[1] && b[2] == 0xfe && b[3] == 0xff)))
        return "UTF-32";
    if (len >= 2 && ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff) ||
                     !b[0] != !b[1]))
        return "UTF-16";
    return NULL;
}

const char *
pup_text_of_file(const char *origin, const char *bytes, gsize len, gsize *text_len,
                 GError **error)
{
    const char *wide = wide_encoding(bytes, len);

    if (wide) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "%s is text in %s: save it as UTF-8, or run `iconv -f %s -t UTF-8`",
                      origin, wide, wide);
        return NULL;
    }
    if (len >= strlen(BOM) && memcmp(bytes, BOM, strlen(BOM)) == 0) {
        bytes += strlen(BOM);
        len -= strlen(BOM);
    }
    *text_len = len;
    return bytes;
}
