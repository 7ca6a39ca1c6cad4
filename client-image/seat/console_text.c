/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/console_text.h"

#include <string.h>

#define ESC '\033'
/* A real one has a few parameters. */
#define SEQUENCE_MAX 32u

void
pup_console_text_flush(PupConsoleText *text, PupConsoleLineFunc on_line, gpointer user)
{
    g_autofree char *valid = NULL;

    if (text->len == 0)
        return;
    text->line[text->len] = '\0';
    text->len = 0;
    valid = g_utf8_make_valid(text->line, -1);
    /* C1 control characters are two valid bytes, and some terminals obey them. */
    for (char *c = strstr(valid, "\xc2"); c; c = strstr(c + 1, "\xc2")) {
        if ((guint8) c[1] < 0xa0) {
            c[0] = '?';
            c[1] = '?';
        }
    }
    on_line(user, valid);
}

/* Number of bytes of the UTF-8 character that the line ends with and that is not whole
 * yet. */
static unsigned
unfinished(const PupConsoleText *text)
{
    unsigned back = 0;
    guint8 c;

    do {
        if (back == 3 || back == text->len)
            return 0;
        c = (guint8) text->line[text->len - ++back];
    } while ((c & 0xc0) == 0x80);
    unsigned need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return need > back ? back : 0;
}

static void
add(PupConsoleText *text, char c, PupConsoleLineFunc on_line, gpointer user)
{
    if (text->len == PUP_CONSOLE_LINE_MAX) {
        char rest[4];
        unsigned n = unfinished(text);

        memcpy(rest, text->line + text->len - n, n);
        text->len -= n;
        pup_console_text_flush(text, on_line, user);
        memcpy(text->line, rest, n);
        text->len = n;
    }
    text->line[text->len++] = c;
}

static void
take_text(PupConsoleText *text, char c, PupConsoleLineFunc on_line, gpointer user)
{
    if (c == '\n' || c == '\r')
        pup_console_text_flush(text, on_line, user);
    else if (c == '\t')
        add(text, ' ', on_line, user);
    else if (c == ESC)
        text->state = PUP_ESCAPE;
    else if (!g_ascii_iscntrl(c))
        add(text, c, on_line, user);
}

/* ESC [ ... and its like end with a letter or the like; any other is two characters. */
static void
take_escape(PupConsoleText *text, char c)
{
    if (text->state == PUP_ESCAPE) {
        text->state = c == '[' ? PUP_ESCAPE_SEQUENCE : PUP_TEXT;
        text->sequence_len = 0;
    } else if ((c >= '@' && c <= '~') || ++text->sequence_len == SEQUENCE_MAX) {
        text->state = PUP_TEXT;
    }
}

void
pup_console_text_take(PupConsoleText *text, const char *data, gsize len,
                      PupConsoleLineFunc on_line, gpointer user)
{
    for (gsize i = 0; i < len; i++) {
        gboolean ends_line = data[i] == '\n' || data[i] == '\r';

        if (text->state != PUP_TEXT && ends_line)
            text->state = PUP_TEXT;
        if (text->state == PUP_TEXT)
            take_text(text, data[i], on_line, user);
        else
            take_escape(text, data[i]);
    }
}
