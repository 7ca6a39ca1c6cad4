/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/http/route.h"

#include <string.h>
#include "lib/error.h"

static gboolean
invalid(GError **error, const char *why)
{
    pup_error_set(error, PUP_ERROR_INVALID, "path: %s", why);
    return FALSE;
}

/* Decode one character at *@raw and step over it; -1 where it is none. */
static int
decode(const char **raw)
{
    const char *p = *raw;
    int c = (guchar) *p;
    *raw = p + 1;
    if (c == '%') {
        int high = g_ascii_xdigit_value(p[1]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value(p[2]);
        if (low < 0)
            return -1;
        *raw = p + 3;
        c = high * 16 + low;
        if (c == '/')
            return -1;
    }
    return c <= ' ' || c >= 0x7f ? -1 : c;
}

static gboolean
end_segment(PupPath *path, char *segment, GError **error)
{
    if (!*segment || g_str_equal(segment, ".") || g_str_equal(segment, ".."))
        return invalid(error, "an empty, '.' or '..' part");
    if (path->n_segments == G_N_ELEMENTS(path->segments))
        return invalid(error, "too many parts");
    path->segments[path->n_segments++] = segment;
    return TRUE;
}

gboolean
pup_path_parse(const char *raw, PupPath *path, GError **error)
{
    path->n_segments = 0;
    if (raw[0] != '/')
        return invalid(error, "does not begin with '/'");
    if (strlen(raw) > PUP_PATH_MAX)
        return invalid(error, "too long");
    if (!raw[1])
        return TRUE;
    char *out = path->text, *segment = out;
    for (raw++;;) {
        if (*raw == '/' || !*raw) {
            *out++ = '\0';
            if (!end_segment(path, segment, error))
                return FALSE;
            if (!*raw++)
                return TRUE;
            segment = out;
            continue;
        }
        int c = decode(&raw);
        if (c < 0)
            return invalid(error, "a character that is not allowed");
        *out++ = c;
    }
}

gboolean
pup_route_match(const char *pattern, const PupPath *path,
                const char *args[PUP_ROUTE_MAX_ARGS])
{
    unsigned n_args = 0;
    for (unsigned i = 0; i < path->n_segments; i++) {
        if (*pattern++ != '/')
            return FALSE;
        size_t len = strcspn(pattern, "/");
        if (len == 1 && *pattern == '*')
            args[n_args++] = path->segments[i];
        else if (strncmp(pattern, path->segments[i], len) != 0 ||
                 path->segments[i][len] != '\0')
            return FALSE;
        pattern += len;
    }
    return !*pattern || (path->n_segments == 0 && g_str_equal(pattern, "/"));
}
