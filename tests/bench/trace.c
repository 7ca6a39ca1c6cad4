/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/bench/trace.h"

#include <stdio.h>
#include <string.h>

#include "lib/error.h"

#define SECTOR_BYTES 512u
#define READ_MAX_BYTES (32u * 1024u * 1024u)

/* @read->count is 0 for a line without a read. */
static gboolean
parse_line(char *line, TraceRead *read, GError **error)
{
    unsigned long long sector, count;
    char *comment = strchr(line, '#');

    if (comment)
        *comment = '\0';
    g_strstrip(line);
    read->count = 0;
    if (*line == '\0')
        return TRUE;
    if (sscanf(line, "%llu %llu", &sector, &count) != 2 || count == 0 ||
        count > READ_MAX_BYTES / SECTOR_BYTES || sector > G_MAXINT64 / SECTOR_BYTES) {
        pup_error_set(error, PUP_ERROR_INVALID, "no read: '%s'", line);
        return FALSE;
    }
    read->offset = sector * SECTOR_BYTES;
    read->count = (guint32) count * SECTOR_BYTES;
    return TRUE;
}

GArray *
trace_load(const char *path, GError **error)
{
    g_autoptr(GArray) reads = g_array_new(FALSE, FALSE, sizeof(TraceRead));
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, error))
        return NULL;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        TraceRead read;
        if (!parse_line(*line, &read, error)) {
            g_prefix_error(error, "%s: ", path);
            return NULL;
        }
        if (read.count > 0)
            g_array_append_val(reads, read);
    }
    return g_steal_pointer(&reads);
}
