/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * raw_http - requests of any shape to a server on 127.0.0.1, for tests
 *
 * Fails the running cmocka test when the server cannot be reached.
 */
#pragma once

#include <glib.h>

/* A connection to @port, with a limit of ten seconds on each receive. */
int raw_http_dial(unsigned port);

/* Send @len bytes and read until the server closes: the whole answer. */
GString *raw_http_talk(unsigned port, const char *request, size_t len);

/* One request with Host, "Connection: close", @headers (lines ending in \r\n) and @body
 * (may be NULL). @line is "METHOD PATH". */
GString *raw_http_ask(unsigned port, const char *line, const char *headers,
                      const char *body);

unsigned raw_http_status(const GString *answer);
/* Points into @answer. */
const char *raw_http_body(const GString *answer);
size_t raw_http_body_len(const GString *answer);
