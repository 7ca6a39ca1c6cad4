/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Since version 2 a time zone file ends with the rule for the time after its last
 * transition, a line of its own. The transitions before it are the past, which no clock
 * of ours shows.
 */
#include "config.h"
#include "server/image/timezone.h"

#include <string.h>

#include "lib/error.h"
#include "lib/file.h"

#define LOCAL "/etc/localtime"
#define FOLDER "/usr/share/zoneinfo/"
#define FILE_MAX_BYTES (64u * 1024u)
#define MAGIC "TZif"
/* Where the version's digit stands. */
#define VERSION_AT 4

static gboolean
is_rule(const char *text, size_t len)
{
    static const char marks[] = {'<', '>', '+', '-', ',', '.', '/', ':'};

    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isalnum(text[i]) && !memchr(marks, text[i], sizeof marks))
            return FALSE;
    return len >= 4; /* "UTC0" */
}

char *
pup_timezone_parse(const char *origin, const void *data, size_t len, GError **error)
{
    const char *text = data;
    const char *newline = NULL;

    if (len > VERSION_AT && memcmp(text, MAGIC, strlen(MAGIC)) == 0 &&
        text[VERSION_AT] >= '2' && text[len - 1] == '\n')
        newline = memrchr(text, '\n', len - 1);
    if (newline && is_rule(newline + 1, (size_t) (text + len - 1 - (newline + 1))))
        return g_strndup(newline + 1, (size_t) (text + len - 1 - (newline + 1)));
    pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                  "'%s' holds no rule for a time zone's present", origin);
    return NULL;
}

char *
pup_timezone_rule(const char *name, GError **error)
{
    g_autofree char *path = name ? g_strconcat(FOLDER, name, NULL) : g_strdup(LOCAL);
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) bytes = pup_file_read(path, FILE_MAX_BYTES, &problem);

    if (bytes)
        return pup_timezone_parse(path, g_bytes_get_data(bytes, NULL),
                                  g_bytes_get_size(bytes), error);
    if (!name && g_error_matches(problem, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        return g_strdup("UTC0");
    g_propagate_prefixed_error(error, g_steal_pointer(&problem),
                               "time zone '%s': ", name ? name : "of this machine");
    return NULL;
}
