/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log - one line an event, with fields
 *
 *     pup_log(LOG_INFO, "seat-registered", "mac", mac, "room", room, NULL);
 *
 * Where standard error is the journal, the event goes there as structured fields
 * (EVENT=, PUPITRE_MAC= ...); elsewhere as one line on standard error:
 *
 *     2026-11-21T08:00:00.123Z info seat-registered mac=52:54:00:12:34:56 room=lab-101
 *
 * A value with blanks or quotes is quoted; control characters are escaped, so one event
 * is one line whatever a client sends. Threads: any.
 */
#pragma once

#include <glib.h>
#include <syslog.h>

/* Log @event (lower-case words joined by '-') at @priority (LOG_ERR .. LOG_DEBUG of
 * syslog.h). Then pairs of key and value strings, ended by NULL; a pair whose value is
 * NULL is left out. */
void pup_log(int priority, const char *event, ...) G_GNUC_NULL_TERMINATED;

/* Drop what is less urgent than @priority; LOG_INFO at the start. Call it before threads
 * are made. */
void pup_log_set_level(int priority);

/* The line for standard error without time and newline, for tests. New string. */
char *pup_log_format(int priority, const char *event, const char *const *pairs);

/* @number as decimal text in @buf, for a value of pup_log(): PUP_LOG_NUM(n) brings the
 * buffer, which lives to the end of the enclosing block. */
const char *pup_log_number(char buf[24], gint64 number);
#define PUP_LOG_NUM(n) pup_log_number((char[24]){0}, (n))
