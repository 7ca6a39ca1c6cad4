/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * when - a time that somebody typed
 *
 * "18:30" is the next half past six, today or tomorrow, on the clock of @now's zone, with
 * rule.h's word on a time that the clocks show twice or not at all; anything else is a
 * full time of RFC 3339, "2026-11-21T18:30:00+01:00". Pure.
 */
#pragma once

#include <glib.h>

/* The time of @text as Unix milliseconds; @now has the time zone of "18:30". Errors:
 * INVALID (neither form, or before @now). */
gboolean pup_when_parse(const char *text, GDateTime *now, gint64 *at_ms, GError **error);
