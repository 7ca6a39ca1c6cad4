/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/when.h"

#include "lib/error.h"
#include "server/schedule/rule.h"

/* "HH:MM" into a time of today; NULL when it is not that. */
static GDateTime *
parse_clock(const char *text, GDateTime *now)
{
    int hour, minute;

    if (!pup_rule_parse_time(text, &hour, &minute))
        return NULL;
    return g_date_time_new(g_date_time_get_timezone(now), g_date_time_get_year(now),
                           g_date_time_get_month(now), g_date_time_get_day_of_month(now),
                           hour, minute, 0);
}

gboolean
pup_when_parse(const char *text, GDateTime *now, gint64 *at_ms, GError **error)
{
    g_autoptr(GDateTime) today = parse_clock(text, now);
    g_autoptr(GDateTime) at = NULL;

    if (today && g_date_time_compare(today, now) <= 0)
        at = g_date_time_add_days(today, 1);
    else if (today)
        at = g_date_time_ref(today);
    else
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

char *
pup_when_format(gint64 unix_ms)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(unix_ms / 1000);

    return g_date_time_format_iso8601(time);
}
