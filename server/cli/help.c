/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/cli/help.h"

#include <string.h>

/* Where the last column of @line begins. */
static size_t
last_column(const char *line)
{
    const char *gap = g_strrstr(line, "  ");

    return gap ? (size_t) (gap - line) + 2 : 0;
}

static void
fold_line(GString *out, const char *line, unsigned columns)
{
    size_t indent = last_column(line), column = indent;
    g_auto(GStrv) words = g_strsplit(line + indent, " ", -1);

    g_string_append_len(out, line, (gssize) indent);
    for (char **word = words; *word; word++) {
        size_t len = strlen(*word);

        if (column > indent && column + 1 + len > columns) {
            g_string_append_printf(out, "\n%*s", (int) indent, "");
            column = indent;
        } else if (word > words) {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append(out, *word);
        column += len;
    }
}

char *
pup_help_fold(const char *text, unsigned columns)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GString *out = g_string_new(NULL);

    for (char **line = lines; *line; line++) {
        if (line > lines)
            g_string_append_c(out, '\n');
        fold_line(out, *line, columns);
    }
    return g_string_free(out, FALSE);
}
