/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rule - a time that comes back: "daily 06:00", "weekly mon,thu 06:00"
 *
 * Times are those of a zone, the server's (lib/time_text.h). Where the clocks are put
 * forward, a time that is left out that day stands for the moment when they are (02:30
 * for 03:00 by the new time); where they are put back, a time that comes twice stands for
 * the second one. So a rule is due once on each of its days, whatever the clocks do.
 * Pure.
 */
#pragma once

#include <glib.h>

#define PUP_RULE_DAILY 0x7fu

typedef struct {
    unsigned days; /* bit 0: Monday .. bit 6: Sunday; never 0 */
    int hour, minute;
} PupRule;

/* Parse @text, in any case. Errors: INVALID (says what a rule looks like). */
gboolean pup_rule_parse(const char *text, PupRule *rule, GError **error);

/* The rule's one text; new string. */
char *pup_rule_format(const PupRule *rule);

/* When @rule is due next in @zone, later than @after_ms; both Unix milliseconds. */
gint64 pup_rule_next(const PupRule *rule, GTimeZone *zone, gint64 after_ms);

/* "6:00", "18:30". FALSE for anything else. */
gboolean pup_rule_parse_time(const char *text, int *hour, int *minute);
