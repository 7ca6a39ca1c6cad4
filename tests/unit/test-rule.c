/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/schedule/rule.h"

static void
texts(void **state)
{
    static const struct {
        const char *text, *formatted;
    } rows[] = {
        {"daily 06:00", "daily 06:00"},
        {"Daily 6:05", "daily 06:05"},
        {"weekly mon 06:00", "weekly mon 06:00"},
        {"weekly SUN,tue,sun 23:59", "weekly tue,sun 23:59"},
        {"weekly mon,tue,wed,thu,fri,sat,sun 00:00", "daily 00:00"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        PupRule rule;
        pup_rule_parse(rows[i].text, &rule, &error);
        unit_assert_no_error(error);
        g_autofree char *text = pup_rule_format(&rule);
        assert_string_equal(text, rows[i].formatted);
    }
}

static void
refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "daily",
                                        "06:00",
                                        "daily 24:00",
                                        "daily 06:60",
                                        "daily 6",
                                        "daily  06:00",
                                        "daily mon 06:00",
                                        "weekly 06:00",
                                        "weekly monday 06:00",
                                        "weekly mon, 06:00",
                                        "weekly mon tue 06:00",
                                        "hourly 06:00"};

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        PupRule rule = {99, 99, 99};
        GError *error = NULL;
        assert_false(pup_rule_parse(wrong[i], &rule, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, "daily 06:00");
        assert_int_equal(rule.days, 99);
    }
}

static gint64
ms_of(const char *utc)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(utc, NULL);
    assert_non_null(time);
    return g_date_time_to_unix(time) * 1000;
}

static void
next(void **state)
{
    static const struct {
        const char *rule, *after, *next; /* UTC */
    } rows[] = {
        /* 2026-11-21 is a Saturday, and Paris an hour ahead. */
        {"daily 06:00", "2026-11-21T04:59:59Z", "2026-11-21T05:00:00Z"},
        {"daily 06:00", "2026-11-21T05:00:00Z", "2026-11-22T05:00:00Z"},
        {"daily 00:30", "2026-11-21T23:15:00Z", "2026-11-21T23:30:00Z"},
        {"daily 00:30", "2026-12-31T23:30:00Z", "2027-01-01T23:30:00Z"},
        {"weekly mon 06:00", "2026-11-21T12:00:00Z", "2026-11-23T05:00:00Z"},
        {"weekly sat 06:00", "2026-11-21T12:00:00Z", "2026-11-28T05:00:00Z"},
        {"weekly sat,sun 06:00", "2026-11-21T12:00:00Z", "2026-11-22T05:00:00Z"},
        {"weekly fri 00:30", "2026-11-19T23:00:00Z", "2026-11-19T23:30:00Z"},
        /* the clocks go forward on 2026-03-29, 02:00 is 03:00 */
        {"daily 06:00", "2026-03-28T05:00:00Z", "2026-03-29T04:00:00Z"},
        {"daily 02:30", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
        {"daily 02:30", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"},
        {"weekly sun 02:30", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
        /* and back on 2026-10-25, 03:00 is 02:00 */
        {"daily 06:00", "2026-10-24T04:00:00Z", "2026-10-25T05:00:00Z"},
        {"daily 02:30", "2026-10-24T12:00:00Z", "2026-10-25T01:30:00Z"},
        {"daily 02:30", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
        {"daily 02:30", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"},
    };
    g_autoptr(GTimeZone) paris = g_time_zone_new_identifier("Europe/Paris");

    if (!paris)
        skip(); /* no tzdata */
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        PupRule rule;
        assert_true(pup_rule_parse(rows[i].rule, &rule, NULL));
        gint64 at_ms = pup_rule_next(&rule, paris, ms_of(rows[i].after));
        if (at_ms != ms_of(rows[i].next)) {
            g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(at_ms / 1000);
            g_autofree char *utc = g_date_time_format_iso8601(at);
            fail_msg("row %zu: '%s' after %s is %s, expected %s", i, rows[i].rule,
                     rows[i].after, utc, rows[i].next);
        }
    }
}

/* Zones whose clocks are changed in ways of their own. */
static void
odd_zones(void **state)
{
    static const struct {
        const char *zone, *rule, *after, *next; /* UTC */
    } rows[] = {
        /* its standard time is the summer's: back on 2026-10-25, 02:00 is 01:00 */
        {"Europe/Dublin", "daily 01:30", "2026-10-24T12:00:00Z", "2026-10-25T01:30:00Z"},
        {"Europe/Dublin", "daily 01:30", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
        {"Europe/Dublin", "daily 01:30", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"},
        {"Europe/Dublin", "daily 01:30", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
        /* half an hour: back on 2026-04-05, 02:00 is 01:30; forward on 2026-10-04 */
        {"Australia/Lord_Howe", "daily 01:45", "2026-04-04T12:00:00Z",
         "2026-04-04T15:15:00Z"},
        {"Australia/Lord_Howe", "daily 01:15", "2026-04-04T12:00:00Z",
         "2026-04-04T14:15:00Z"},
        {"Australia/Lord_Howe", "daily 02:15", "2026-10-03T12:00:00Z",
         "2026-10-03T15:30:00Z"},
        /* two hours: forward on 2026-03-29, 01:00 is 03:00; back on 2026-10-25 */
        {"Antarctica/Troll", "daily 02:30", "2026-03-28T12:00:00Z",
         "2026-03-29T01:00:00Z"},
        {"Antarctica/Troll", "daily 02:30", "2026-10-24T12:00:00Z",
         "2026-10-25T02:30:00Z"},
        /* back for Ramadan: on 2026-02-15, 03:00 is 02:00; forward on 2026-03-22 */
        {"Africa/Casablanca", "daily 02:30", "2026-02-14T12:00:00Z",
         "2026-02-15T02:30:00Z"},
        {"Africa/Casablanca", "daily 02:30", "2026-03-21T12:00:00Z",
         "2026-03-22T02:00:00Z"},
        /* midnight is left out on 2026-09-06, and 23:00 comes twice on 2026-04-04 */
        {"America/Santiago", "daily 00:00", "2026-09-05T12:00:00Z",
         "2026-09-06T04:00:00Z"},
        {"America/Santiago", "weekly sun 00:30", "2026-09-05T12:00:00Z",
         "2026-09-06T04:00:00Z"},
        {"America/Santiago", "daily 23:30", "2026-04-04T12:00:00Z",
         "2026-04-05T03:30:00Z"},
        {"Asia/Beirut", "daily 00:30", "2026-03-28T12:00:00Z", "2026-03-28T22:00:00Z"},
        {"Asia/Beirut", "daily 23:30", "2026-10-24T12:00:00Z", "2026-10-24T21:30:00Z"},
        /* back at one minute past midnight, into the day before */
        {"America/St_Johns", "weekly sat 23:30", "2009-11-01T02:30:30Z",
         "2009-11-01T03:00:00Z"},
        /* a day that there was not */
        {"Pacific/Apia", "daily 06:00", "2011-12-29T17:00:00Z", "2011-12-30T10:00:00Z"},
        {"Pacific/Apia", "daily 06:00", "2011-12-30T10:00:00Z", "2011-12-30T16:00:00Z"},
        /* the ends of the world */
        {"Pacific/Kiritimati", "daily 06:00", "2026-06-01T12:00:00Z",
         "2026-06-01T16:00:00Z"},
        {"Etc/GMT+12", "daily 06:00", "2026-06-01T19:00:00Z", "2026-06-02T18:00:00Z"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(rows[i].zone);
        PupRule rule;
        if (!zone)
            continue; /* no tzdata, or an old one */
        assert_true(pup_rule_parse(rows[i].rule, &rule, NULL));
        gint64 at_ms = pup_rule_next(&rule, zone, ms_of(rows[i].after));
        if (at_ms != ms_of(rows[i].next)) {
            g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(at_ms / 1000);
            g_autofree char *utc = g_date_time_format_iso8601(at);
            fail_msg("%s: '%s' after %s is %s, expected %s", rows[i].zone, rows[i].rule,
                     rows[i].after, utc, rows[i].next);
        }
    }
}

/* The number of the day that @at_ms is in there. */
static guint32
local_day(gint64 at_ms, GTimeZone *zone)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(at_ms / 1000);
    g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone);
    g_autoptr(GDate) day = g_date_new_dmy((GDateDay) g_date_time_get_day_of_month(local),
                                          (GDateMonth) g_date_time_get_month(local),
                                          (GDateYear) g_date_time_get_year(local));

    return g_date_get_julian(day);
}

/* Whatever the clocks do in a year: once a day, and never twice. */
static void
once_a_day(void **state)
{
    static const char *const zones[] = {
        "Europe/Paris",      "Europe/Dublin",    "Australia/Lord_Howe",
        "Africa/Casablanca", "Antarctica/Troll", "America/Santiago",
        "Asia/Beirut",       "Africa/Cairo",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(zones) * 48; i++) {
        g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(zones[i / 48]);
        const PupRule rule = {0x7f, (int) (i % 48 / 2), i % 2 ? 45 : 0};
        gint64 at_ms = ms_of("2026-01-01T12:00:00Z");
        guint32 day = 0;
        for (unsigned n = 0; zone && n < 366; n++) {
            at_ms = pup_rule_next(&rule, zone, at_ms);
            if (n > 0 && local_day(at_ms, zone) != day + 1)
                fail_msg("%s %02d:%02d: not once a day, after %u days", zones[i / 48],
                         rule.hour, rule.minute, n);
            day = local_day(at_ms, zone);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),     cmocka_unit_test(refused),    cmocka_unit_test(next),
        cmocka_unit_test(odd_zones), cmocka_unit_test(once_a_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
