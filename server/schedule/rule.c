/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/schedule/rule.h"

#include "lib/error.h"

#include <string.h>

#define DAY_S G_GINT64_CONSTANT(86400)
/* GDate counts days from the first of the year 1. */
#define JULIAN_OF_1970 719163
/* No zone is further from UTC, an hour's change included. */
#define AHEAD_MAX_S (15 * 3600)
#define BEHIND_MAX_S (13 * 3600)

static const char *const day_words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

gboolean
pup_rule_parse_time(const char *text, int *hour, int *minute)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 2);
    guint64 hours, minutes;
    if (g_strv_length(parts) != 2 || strlen(parts[1]) != 2 ||
        !g_ascii_string_to_unsigned(parts[0], 10, 0, 23, &hours, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 0, 59, &minutes, NULL))
        return FALSE;
    *hour = (int) hours;
    *minute = (int) minutes;
    return TRUE;
}

/* "mon" or "mon,thu"; 0 for anything else. */
static unsigned
parse_days(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    unsigned days = 0;
    for (char **word = words; *word; word++) {
        unsigned i = 0;
        while (i < G_N_ELEMENTS(day_words) && strcmp(day_words[i], *word) != 0)
            i++;
        if (i == G_N_ELEMENTS(day_words))
            return 0;
        days |= 1u << i;
    }
    return days;
}

gboolean
pup_rule_parse(const char *text, PupRule *rule, GError **error)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);
    g_auto(GStrv) words = g_strsplit(lower, " ", -1);
    unsigned n = g_strv_length(words);
    PupRule parsed = {0};
    if (n == 2 && strcmp(words[0], "daily") == 0)
        parsed.days = PUP_RULE_DAILY;
    else if (n == 3 && strcmp(words[0], "weekly") == 0)
        parsed.days = parse_days(words[1]);
    if (parsed.days && pup_rule_parse_time(words[n - 1], &parsed.hour, &parsed.minute)) {
        *rule = parsed;
        return TRUE;
    }
    pup_error_set(error, PUP_ERROR_INVALID,
                  "'%s' is no schedule: write \"daily 06:00\" or \"weekly mon 06:00\" "
                  "(several days: mon,thu)",
                  text);
    return FALSE;
}

char *
pup_rule_format(const PupRule *rule)
{
    g_autoptr(GString) days = g_string_new(NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(day_words); i++)
        if (rule->days & 1u << i)
            g_string_append_printf(days, "%s%s", days->len ? "," : "", day_words[i]);
    if (rule->days == PUP_RULE_DAILY)
        return g_strdup_printf("daily %02d:%02d", rule->hour, rule->minute);
    return g_strdup_printf("weekly %s %02d:%02d", days->str, rule->hour, rule->minute);
}

/* Seconds that @zone is ahead of UTC at @unix_s. */
static gint64
offset_at(GTimeZone *zone, gint64 unix_s)
{
    int interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, unix_s);
    return g_time_zone_get_offset(zone, interval);
}

/* When the clocks are changed in @zone: after @from_s, and at @to_s at the latest. */
static gint64
change_between(GTimeZone *zone, gint64 from_s, gint64 to_s)
{
    gint64 before = offset_at(zone, from_s);
    while (to_s - from_s > 1) {
        gint64 middle_s = from_s + (to_s - from_s) / 2;
        if (offset_at(zone, middle_s) == before)
            from_s = middle_s;
        else
            to_s = middle_s;
    }
    return to_s;
}

/* When clocks of @zone show @local_s, seconds since 1970 by those clocks. GLib would take
 * the one of two that is standard time: the second in most zones, the first in Dublin,
 * whose standard time is that of the summer. */
static gint64
time_shown(GTimeZone *zone, gint64 local_s)
{
    gint64 from_s = local_s - AHEAD_MAX_S, to_s = local_s + BEHIND_MAX_S;
    gint64 first_s = local_s - offset_at(zone, from_s);
    gint64 second_s = local_s - offset_at(zone, to_s);
    if (second_s + offset_at(zone, second_s) == local_s)
        return second_s;
    if (first_s + offset_at(zone, first_s) == local_s)
        return first_s;
    return change_between(zone, from_s, to_s);
}

/* The rule's time on @date. */
static gint64
time_on(const PupRule *rule, GTimeZone *zone, const GDate *date)
{
    gint64 days = (gint64) g_date_get_julian(date) - JULIAN_OF_1970;
    return 1000 * time_shown(zone, days * DAY_S + rule->hour * 3600 + rule->minute * 60);
}

gint64
pup_rule_next(const PupRule *rule, GTimeZone *zone, gint64 after_ms)
{
    gint64 after_s = after_ms / 1000, at_ms;
    gint64 days = (after_s + offset_at(zone, after_s)) / DAY_S;
    GDate date;
    g_date_clear(&date, 1);
    /* Clocks that are put back past midnight show the day before once more. */
    g_date_set_julian(&date, (guint32) (days + JULIAN_OF_1970 - 1));
    for (;;) {
        at_ms = time_on(rule, zone, &date);
        if (at_ms > after_ms && rule->days & 1u << (g_date_get_weekday(&date) - 1))
            return at_ms;
        g_date_add_days(&date, 1);
    }
}
