/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/when.h"

#include "lib/error.h"
#include "server/schedule/rule.h"

/* The next "HH:MM" after @now; -1 when it is not that. */
static gint64
next_clock_ms(const char *text, GDateTime *now)
{
    PupRule rule = {.days = PUP_RULE_DAILY};

    if (!pup_rule_parse_time(text, &rule.hour, &rule.minute))
        return -1;
    return pup_rule_next(&rule, g_date_time_get_timezone(now),
                         g_date_time_to_unix(now) * 1000);
}

gboolean
pup_when_parse(const char *text, GDateTime *now, gint64 *at_ms, GError **error)
{
    gint64 next_ms = next_clock_ms(text, now);
    g_autoptr(GDateTime) at = NULL;

    if (next_ms >= 0) {
        *at_ms = next_ms;
        return TRUE;
    }
    at = g_date_time_new_from_iso8601(text, NULL);
    if (!at) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' is no time: write 18:30, or 2026-11-21T18:30:00+01:00", text);
        return FALSE;
    }
    if (g_date_time_compare(at, now) < 0) {
        pup_error_set(error, PUP_ERROR_INVALID, "%s is in the past", text);
        return FALSE;
    }
    *at_ms = g_date_time_to_unix(at) * 1000;
    return TRUE;
}
