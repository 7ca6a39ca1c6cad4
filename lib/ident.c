/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/ident.h"

#include "lib/error.h"
#include "lib/text.h"

#include <string.h>

#define IDENT_MAX_LEN 63
#define MAC_BYTES 6

static gboolean
is_ident(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= IDENT_MAX_LEN && name[0] != '-' && name[0] != '.' &&
           name[0] != '_' && !strstr(name, "..") &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") == len;
}

gboolean
pup_ident_check(const char *what, const char *name, GError **error)
{
    if (is_ident(name))
        return TRUE;
    g_autofree char *shown = pup_text_escape(name);
    pup_error_set(
        error, PUP_ERROR_INVALID,
        "'%s' is no name for a %s: use 1 to %d of a-z 0-9 - . _, beginning with "
        "a letter or digit, without '..'",
        shown, what, IDENT_MAX_LEN);
    return FALSE;
}

gboolean
pup_version_parse(const char *text, unsigned *version, GError **error)
{
    guint64 value;
    if (text[0] == '0' ||
        !g_ascii_string_to_unsigned(text, 10, 1, PUP_VERSION_MAX, &value, NULL)) {
        g_autofree char *shown = pup_text_escape(text);
        pup_error_set(error, PUP_ERROR_INVALID, "'%s' is no version: write 1, 2 ...",
                      shown);
        return FALSE;
    }
    *version = (unsigned) value;
    return TRUE;
}

gboolean
pup_ident_split(const char *what, const char *text, char **name, unsigned *version,
                GError **error)
{
    const char *at = strchr(text, '@');
    g_autofree char *head = at ? g_strndup(text, (size_t) (at - text)) : g_strdup(text);
    unsigned number = 0;
    if (!pup_ident_check(what, head, error))
        return FALSE;
    if (at && !pup_version_parse(at + 1, &number, NULL)) {
        g_autofree char *shown = pup_text_escape(text);
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' names no version of a %s: write NAME@1, NAME@2 ...", shown,
                      what);
        return FALSE;
    }
    *name = g_steal_pointer(&head);
    *version = number;
    return TRUE;
}

/* Six bytes out of @text; all separators are the same or there are none. */
static gboolean
parse_mac(const char *text, guint8 mac[MAC_BYTES])
{
    size_t len = strlen(text);
    size_t step = len == 3 * MAC_BYTES - 1 ? 3 : 2;
    if (step == 2 && len != 2 * MAC_BYTES)
        return FALSE;
    if (step == 3 && text[2] != ':' && text[2] != '-')
        return FALSE;
    for (unsigned i = 0; i < MAC_BYTES; i++) {
        const char *pair = text + i * step;
        if (!g_ascii_isxdigit(pair[0]) || !g_ascii_isxdigit(pair[1]))
            return FALSE;
        if (step == 3 && i < MAC_BYTES - 1 && pair[2] != text[2])
            return FALSE;
        mac[i] =
            (guint8) (g_ascii_xdigit_value(pair[0]) << 4 | g_ascii_xdigit_value(pair[1]));
    }
    return TRUE;
}

char *
pup_mac_parse(const char *text, GError **error)
{
    static const guint8 zero[MAC_BYTES];
    guint8 mac[MAC_BYTES];
    const char *wrong = NULL;
    if (!parse_mac(text, mac))
        wrong = "is no MAC address; write it as 52:54:00:aa:bb:cc";
    else if (mac[0] & 1)
        wrong = "is the MAC address of a group, not of one network card";
    else if (memcmp(mac, zero, sizeof mac) == 0)
        wrong = "is the MAC address of nothing";
    if (wrong) {
        g_autofree char *shown = pup_text_escape(text);
        pup_error_set(error, PUP_ERROR_INVALID, "'%s' %s", shown, wrong);
        return NULL;
    }
    return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
                           mac[3], mac[4], mac[5]);
}
