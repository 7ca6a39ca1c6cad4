/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/cli/out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

/* A program that prints no newline is shown all the same. */
#define FOREIGN_LINE_MAX 4096

static char *G_GNUC_PRINTF(1, 0) line_of(const char *format, va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);

    return pup_text_escape(text);
}

void
pup_out_line(const char *format, ...)
{
    g_autofree char *line = NULL;
    va_list args;

    va_start(args, format);
    line = line_of(format, args);
    va_end(args);
    puts(line);
}

void
pup_out_complain(const char *format, ...)
{
    g_autofree char *line = NULL;
    va_list args;

    va_start(args, format);
    line = line_of(format, args);
    va_end(args);
    fflush(stdout); /* what was said before stands before it where both are one file */
    fprintf(stderr, "pupitre: %s\n", line);
}

/* One line of a program's; its tabs are blanks enough, and Windows' line ends are none of
 * its text. */
static void
print_foreign_line(char *line)
{
    gsize len = strlen(line);

    if (len > 0 && line[len - 1] == '\r')
        line[len - 1] = '\0';
    pup_out_line("%s", g_strdelimit(line, "\t", ' '));
}

void
pup_out_foreign(GString *pending, const char *text, gsize len)
{
    char *newline;

    g_string_append_len(pending, text, (gssize) len);
    while ((newline = memchr(pending->str, '\n', pending->len))) {
        *newline = '\0';
        gsize line_len = (gsize) (newline - pending->str);
        print_foreign_line(pending->str);
        g_string_erase(pending, 0, (gssize) line_len + 1);
    }
    if (pending->len > 0 && (len == 0 || pending->len > FOREIGN_LINE_MAX)) {
        print_foreign_line(pending->str);
        g_string_truncate(pending, 0);
    }
    fflush(stdout);
}

void
pup_out_json(json_t *root)
{
    char *text = json_dumps(root, JSON_INDENT(2));

    puts(text);
    free(text);
    json_decref(root);
}

json_t *
pup_out_json_text(const char *text)
{
    g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;

    return valid ? json_string(valid) : json_null();
}
