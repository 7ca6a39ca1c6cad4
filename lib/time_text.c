/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/time_text.h"

#define MACHINE_ZONE "/etc/localtime"

GTimeZone *
pup_time_zone(void)
{
    GTimeZone *zone = g_time_zone_new_identifier(MACHINE_ZONE);

    return zone ? zone : g_time_zone_new_utc();
}

/* The time zone database names some zones by their offset only, "+0545". */
static gboolean
has_name(GDateTime *time)
{
    return g_ascii_isalpha(*g_date_time_get_timezone_abbreviation(time));
}

static char *
text_of(GDateTime *time)
{
    return g_date_time_format(time, has_name(time) ? "%F %H:%M %Z" : "%F %H:%M %:z");
}

char *
pup_time_text(gint64 unix_ms)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(unix_ms / 1000);

    return time ? text_of(time) : g_strdup("-");
}

char *
pup_time_text_server(gint64 unix_ms)
{
    g_autoptr(GTimeZone) zone = pup_time_zone();
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(unix_ms / 1000);
    g_autoptr(GDateTime) time = utc ? g_date_time_to_timezone(utc, zone) : NULL;

    return time ? text_of(time) : g_strdup("-");
}

char *
pup_time_rfc3339(gint64 unix_ms)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(unix_ms / 1000);

    return time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("-");
}

char *
pup_time_text_of(const char *rfc3339)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(rfc3339, NULL);
    g_autoptr(GDateTime) local = time ? g_date_time_to_local(time) : NULL;

    return local ? text_of(local) : g_strdup(rfc3339);
}
