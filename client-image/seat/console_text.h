/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * console_text - what a guest says on its serial line, made fit to be forwarded
 *
 * Cuts bytes into lines ("\n", "\r", "\r\n"), cuts lines that are too long, and lets
 * through only what a terminal shows: no escape sequence, no control character, no bytes
 * that are not UTF-8 gets past it. The guest is not trusted: what it says is printed
 * where the admin reads. Bounded memory. Pure; one thread at a time.
 */
#pragma once

#include <glib.h>

/* Longest line, in bytes; the rest of it comes as further lines. */
#define PUP_CONSOLE_LINE_MAX 200u

typedef void (*PupConsoleLineFunc)(gpointer user, const char *line);

typedef struct {
    char line[PUP_CONSOLE_LINE_MAX + 1];
    unsigned len;
    enum { PUP_TEXT, PUP_ESCAPE, PUP_ESCAPE_SEQUENCE } state;
    unsigned sequence_len; /* so that one without an end is not waited for for ever */
} PupConsoleText;

/* Take @len bytes; calls @on_line for each line that is complete and not empty. */
void pup_console_text_take(PupConsoleText *text, const char *data, gsize len,
                           PupConsoleLineFunc on_line, gpointer user);

/* The line so far is a line: the guest has stopped in the middle of it. */
void pup_console_text_flush(PupConsoleText *text, PupConsoleLineFunc on_line,
                            gpointer user);
