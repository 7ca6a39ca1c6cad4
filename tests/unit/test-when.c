/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/cli/when.h"

/* 2026-11-21 12:00 at UTC+1. */
static GDateTime *
noon(void)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_offset(3600);
    return g_date_time_new(zone, 2026, 11, 21, 12, 0, 0);
}

static void
times(void **state)
{
    static const struct {
        const char *text, *utc;
    } rows[] = {
        {"18:30", "2026-11-21T17:30:00Z"},
        {"12:01", "2026-11-21T11:01:00Z"},
        {"12:00", "2026-11-22T11:00:00Z"},
        {"7:05", "2026-11-22T06:05:00Z"},
        {"00:00", "2026-11-21T23:00:00Z"},
        {"2026-11-21T18:30:00+01:00", "2026-11-21T17:30:00Z"},
        {"2026-12-24T06:00:00Z", "2026-12-24T06:00:00Z"},
    };
    g_autoptr(GDateTime) now = noon();

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        gint64 at_ms = 0;
        pup_when_parse(rows[i].text, now, &at_ms, &error);
        unit_assert_no_error(error);
        g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(at_ms / 1000);
        g_autofree char *utc = g_date_time_format_iso8601(at);
        assert_string_equal(utc, rows[i].utc);
    }
}

/* A time that comes twice, and one that is left out. */
static void
changing_clocks(void **state)
{
    static const struct {
        const char *now, *text, *utc;
    } rows[] = {
        {"2026-10-24T12:00:00Z", "01:30", "2026-10-25T01:30:00Z"},
        {"2026-10-25T00:45:00Z", "01:30", "2026-10-25T01:30:00Z"},
        {"2026-03-28T12:00:00Z", "01:30", "2026-03-29T01:00:00Z"},
    };
    g_autoptr(GTimeZone) dublin = g_time_zone_new_identifier("Europe/Dublin");

    if (!dublin)
        skip(); /* no tzdata */
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GDateTime) utc = g_date_time_new_from_iso8601(rows[i].now, NULL);
        g_autoptr(GDateTime) now = g_date_time_to_timezone(utc, dublin);
        gint64 at_ms = 0;
        assert_true(pup_when_parse(rows[i].text, now, &at_ms, NULL));
        g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(at_ms / 1000);
        g_autofree char *text = g_date_time_format_iso8601(at);
        assert_string_equal(text, rows[i].utc);
    }
}

static void
refused(void **state)
{
    static const char *const wrong[] = {
        "",           "now",   "24:00",    "12:60",
        "12:5",       "-1:00", "12:00:00", "2026-11-21T18:30:00",
        "2026-11-21", "18:30 "};
    g_autoptr(GDateTime) now = noon();
    GError *error = NULL;
    gint64 at_ms;

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        assert_false(pup_when_parse(wrong[i], now, &at_ms, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, "is no time");
    }
    assert_false(pup_when_parse("2026-11-21T10:59:00Z", now, &at_ms, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "in the past");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times),
        cmocka_unit_test(changing_clocks),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
