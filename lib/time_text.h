/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * time_text - a moment as people and as programs read it
 *
 * People read the clock of the machine that they are logged in to, with the name of its
 * zone: "2026-11-21 18:30 CET", wherever a command prints a time; who sets TZ reads the
 * past by that. What is planned, and which day it is, goes by the server's own zone,
 * whoever asks. JSON has RFC 3339 in UTC. Pure but for the machine's time zone; any
 * thread.
 */
#pragma once

#include <glib.h>

/* @unix_ms as this machine's clock shows it, "2026-11-21 18:30 CET", in a zone without a
 * name "2026-11-21 18:30 +05:45"; new string. */
char *pup_time_text(gint64 unix_ms);

/* The server's time zone, whatever TZ says; UTC where it has none. New reference. */
GTimeZone *pup_time_zone(void);

/* pup_time_text() in the server's time zone: for what is yet to come. */
char *pup_time_text_server(gint64 unix_ms);

/* @unix_ms for JSON, "2026-11-21T17:30:00Z"; new string. */
char *pup_time_rfc3339(gint64 unix_ms);

/* The pup_time_text() of a time of RFC 3339, as manifests have it; @rfc3339 itself where
 * it is none. New string. */
char *pup_time_text_of(const char *rfc3339);
