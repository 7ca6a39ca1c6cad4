/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text - foreign text on somebody's screen
 *
 * What a file, a guest or the network says ends on an administrator's terminal: in a
 * table, an error, a line of the log. There it must neither move the cursor, nor begin a
 * line of its own, nor turn the reading direction; and a column is as wide as what a
 * terminal draws, not as the text has bytes or characters. Pure; any thread.
 */
#pragma once

#include <glib.h>

/* @text as one line that a terminal shows as it stands: control characters (C0, C1, DEL),
 * line separators, invisible format characters such as bidirectional overrides, and bytes
 * that are no UTF-8 are written as \n, \t, \r, \x1b or \u202e. Backslashes stay single:
 * it is for reading, not for parsing. New string; "" for NULL. */
char *pup_text_escape(const char *text);

/* The number of a terminal's columns that the printable UTF-8 @text takes: wide
 * characters are two, combining ones none. */
unsigned pup_text_columns(const char *text);

/* @text, or its beginning and an ellipsis where it takes more than @columns (1 at least).
 * New string. */
char *pup_text_cut(const char *text, unsigned columns);

/* The text of the @len bytes at @bytes, as an administrator's editor saved it: without
 * the byte order mark that Windows editors put first. @origin is the file's name for
 * messages. The text is within @bytes; *@text_len its length. Errors: INVALID, with how
 * to save it, where it is UTF-16 or UTF-32. */
const char *pup_text_of_file(const char *origin, const char *bytes, gsize len,
                             gsize *text_len, GError **error);
