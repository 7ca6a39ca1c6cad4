/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/schedule/rule.h"

#include "lib/error.h"

#include <string.h>

#define DAILY 0x7fu

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
        parsed.days = DAILY;
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
    if (rule->days == DAILY)
        return g_strdup_printf("daily %02d:%02d", rule->hour, rule->minute);
    return g_strdup_printf("weekly %s %02d:%02d", days->str, rule->hour, rule->minute);
}

/* The rule's time on @date. */
static gint64
time_on(const PupRule *rule, GTimeZone *zone, const GDate *date)
{
    g_autoptr(GDateTime) time =
        g_date_time_new(zone, g_date_get_year(date), (int) g_date_get_month(date),
                        g_date_get_day(date), rule->hour, rule->minute, 0);
    return g_date_time_to_unix(time) * 1000;
}

gint64
pup_rule_next(const PupRule *rule, GTimeZone *zone, gint64 after_ms)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(after_ms / 1000);
    g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone);
    int year, month, day;
    GDate date;
    gint64 at_ms;
    g_date_time_get_ymd(local, &year, &month, &day);
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay) day, (GDateMonth) month, (GDateYear) year);
    for (;;) {
        at_ms = time_on(rule, zone, &date);
        if (at_ms > after_ms && rule->days & 1u << (g_date_get_weekday(&date) - 1))
            return at_ms;
        g_date_add_days(&date, 1);
    }
}
