/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/http/range.h"

#include <string.h>

/* Digits at *@text, at most 18 of them, so that no sum overflows. */
static gboolean
take_number(const char **text, guint64 *number)
{
    size_t n = strspn(*text, "0123456789");
    if (n == 0 || n > 18)
        return FALSE;
    *number = g_ascii_strtoull(*text, NULL, 10);
    *text += n;
    return TRUE;
}

/* "-N": the last N bytes. */
static PupRange
parse_suffix(const char *text, guint64 size, guint64 *offset, guint64 *length)
{
    guint64 n;
    if (!take_number(&text, &n) || *text)
        return PUP_RANGE_WHOLE;
    if (n == 0 || size == 0)
        return PUP_RANGE_UNSATISFIABLE;
    *length = MIN(n, size);
    *offset = size - *length;
    return PUP_RANGE_PART;
}

PupRange
pup_range_parse(const char *header, guint64 size, guint64 *offset, guint64 *length)
{
    guint64 first, last = G_MAXUINT64;
    if (!header || !g_str_has_prefix(header, "bytes="))
        return PUP_RANGE_WHOLE;
    const char *text = header + strlen("bytes=");
    if (*text == '-')
        return parse_suffix(text + 1, size, offset, length);
    if (!take_number(&text, &first) || *text++ != '-')
        return PUP_RANGE_WHOLE;
    if (*text && (!take_number(&text, &last) || *text || last < first))
        return PUP_RANGE_WHOLE;
    if (first >= size)
        return PUP_RANGE_UNSATISFIABLE;
    *offset = first;
    *length = MIN(last, size - 1) - first + 1;
    return PUP_RANGE_PART;
}
