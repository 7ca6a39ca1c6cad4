/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * out - what the command prints that is no table
 *
 * A line may hold what a file, a guest or the network said: it is one line whatever that
 * is, and moves no cursor (lib/text.h). Whether all of it could be written is seen at the
 * end (lib/output.h).
 */
#pragma once

#include <glib.h>
#include <jansson.h>

/* Print one line on standard output. */
void pup_out_line(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Print one line on standard error, "pupitre: ..." */
void pup_out_complain(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Print the next @len bytes of what somebody else's programs print, line by line; what is
 * left of the last line stays in @pending, which is empty at the start. With @len 0 print
 * that, too. */
void pup_out_foreign(GString *pending, const char *text, gsize len);

/* Print @root, indented; takes it over. */
void pup_out_json(json_t *root);

/* @text for a JSON string: bytes that are no UTF-8, as file names may have, are replaced.
 * New reference; null for NULL. */
json_t *pup_out_json_text(const char *text);
