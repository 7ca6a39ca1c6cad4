/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/error.h"
#include "server/http/seat_json.h"

static void
test_hello(void **state)
{
    static const char text[] = "{\"boot\":\"1f-2e\",\"cpus\":4,\"memory_mib\":7900,"
                               "\"kvm\":true,\"firmware\":\"uefi\",\"later\":[1]}";
    g_autoptr(GError) error = NULL;
    g_autoptr(PupSeatHello) hello = pup_seat_hello_parse(text, strlen(text), &error);
    assert_non_null(hello);
    assert_string_equal(hello->boot, "1f-2e");
    assert_int_equal(hello->cpus, 4);
    assert_int_equal(hello->memory_mib, 7900);
    assert_true(hello->kvm);
    assert_string_equal(hello->firmware, "uefi");
    assert_int_equal(hello->clock_ms, -1);
}

static void
test_bad_hello(void **state)
{
    static const char *const cases[] = {
        "",
        "{",
        "[]",
        "null",
        "{}",
        "{\"boot\":\"\"}",
        "{\"boot\":7}",
        "{\"boot\":\"a b\"}",
        "{\"boot\":\"UPPER\"}",
        "{\"boot\":\"a\",\"boot\":\"b\"}",
        "{\"boot\":\"a\",\"cpus\":-1}",
        "{\"boot\":\"a\",\"cpus\":1.5}",
        "{\"boot\":\"a\",\"cpus\":\"4\"}",
        "{\"boot\":\"a\",\"cpus\":99999999999}",
        "{\"boot\":\"a\",\"kvm\":1}",
        "{\"boot\":\"a\",\"firmware\":\"a firmware of too long a name\"}",
        "{\"boot\":\"a\"} trailing",
        "{\"boot\":\"\xff\"}",
        ("{\"boot\":"
         "\"a0123456789012345678901234567890123456789012345678901234567890123\"}"),
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        if (pup_seat_hello_parse(cases[i], strlen(cases[i]), &error))
            fail_msg("taken: %s", cases[i]);
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID));
    }
}

static void
test_report(void **state)
{
    static const char text[] =
        "{\"boot\":\"b\",\"state\":\"running\",\"version\":7,\"detail\":\"\","
        "\"stages\":[{\"stage\":\"disk\",\"t_ms\":9000},"
        "{\"stage\":\"guest-started\",\"t_ms\":12000}]}";
    g_autoptr(PupSeatReport) report = pup_seat_report_parse(text, strlen(text), NULL);
    assert_non_null(report);
    assert_string_equal(report->state, "running");
    assert_int_equal(report->version, 7);
    assert_int_equal(report->n_stages, 2);
    assert_int_equal(report->stages[1].stage, PUP_STAGE_GUEST_STARTED);
    assert_int_equal(report->stages[1].t_ms, 12000);
    assert_int_equal(report->t_ms, 12000);

    static const char timed[] = "{\"boot\":\"b\",\"state\":\"idle\",\"t_ms\":13000,"
                                "\"stages\":[{\"stage\":\"disk\",\"t_ms\":9000}]}";
    g_autoptr(PupSeatReport) later = pup_seat_report_parse(timed, strlen(timed), NULL);
    assert_non_null(later);
    assert_int_equal(later->t_ms, 13000);
    assert_int_equal(later->version, 0);
    assert_string_equal(later->detail, "");
}

static void
test_starts(void **state)
{
    static const char text[] =
        "{\"boot\":\"b\",\"state\":\"off\",\"starts\":[{\"t_ms\":5000},"
        "{\"t_ms\":9000,\"version\":7,\"started_ms\":100,\"alive_ms\":200,\"resets\":3,"
        "\"end\":\"crashed\",\"later\":[]},{\"t_ms\":9500,\"end\":\"unheard-of\"}]}";
    g_autoptr(PupSeatReport) report = pup_seat_report_parse(text, strlen(text), NULL);
    assert_non_null(report);
    assert_string_equal(report->state, "off");
    assert_int_equal(report->n_starts, 3);
    assert_int_equal(report->t_ms, 9500);
    assert_int_equal(report->starts[0].started_ms, -1);
    assert_string_equal(report->starts[0].end, "");
    assert_int_equal(report->starts[1].alive_ms, 200);
    assert_int_equal(report->starts[1].resets, 3);
    assert_string_equal(report->starts[1].end, "crashed");
    assert_string_equal(report->starts[2].end, "");
}

static void
test_bad_report(void **state)
{
    static const char *const cases[] = {
        "{\"boot\":\"b\"}",
        "{\"boot\":\"b\",\"state\":\"silent\"}",
        "{\"boot\":\"b\",\"state\":\"idle\",\"starts\":{}}",
        "{\"boot\":\"b\",\"state\":\"idle\",\"starts\":[{}]}",
        "{\"boot\":\"b\",\"state\":\"idle\",\"starts\":[{\"t_ms\":1,\"resets\":-1}]}",
        "{\"boot\":\"b\",\"state\":\"idle\",\"version\":-1}",
        "{\"boot\":\"b\",\"state\":\"idle\",\"detail\":[]}",
        "{\"boot\":\"b\",\"state\":\"idle\",\"stages\":{}}",
        "{\"boot\":\"b\",\"state\":\"idle\",\"stages\":[7]}",
        "{\"boot\":\"b\",\"state\":\"idle\",\"stages\":[{}]}",
        "{\"boot\":\"b\",\"state\":\"idle\",\"stages\":[{\"stage\":\"disk\"}]}",
        "{\"boot\":\"b\",\"state\":\"idle\",\"stages\":[{\"stage\":\"x\",\"t_ms\":1}]}",
        ("{\"boot\":\"b\",\"state\":\"idle\","
         "\"stages\":[{\"stage\":\"disk\",\"t_ms\":-1}]}"),
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        if (pup_seat_report_parse(cases[i], strlen(cases[i]), &error))
            fail_msg("taken: %s", cases[i]);
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID));
    }
}

static void
test_bounds(void **state)
{
    g_autofree char *detail = g_strnfill(PUP_SEAT_DETAIL_MAX + 1, 'x');
    g_autofree char *long_detail =
        g_strdup_printf("{\"boot\":\"b\",\"state\":\"idle\",\"detail\":\"%s\"}", detail);
    assert_null(pup_seat_report_parse(long_detail, strlen(long_detail), NULL));

    g_autoptr(GString) many =
        g_string_new("{\"boot\":\"b\",\"state\":\"idle\",\"stages\":[");
    for (unsigned i = 0; i <= PUP_SEAT_STAGES_MAX; i++)
        g_string_append_printf(many, "%s{\"stage\":\"disk\",\"t_ms\":1}", i ? "," : "");
    g_string_append(many, "]}");
    assert_null(pup_seat_report_parse(many->str, many->len, NULL));
}

/* A report cut at each length and with each byte flipped is taken whole or refused with
 * INVALID, never anything between. */
static void
test_cut_and_flipped(void **state)
{
    static const char text[] = "{\"boot\":\"b\",\"state\":\"idle\",\"t_ms\":13000,"
                               "\"stages\":[{\"stage\":\"disk\",\"t_ms\":9000}]}";
    for (size_t i = 0; i < 2 * strlen(text); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *copy = g_memdup2(text, strlen(text));
        size_t len = i < strlen(text) ? i : strlen(text);
        if (i >= strlen(text))
            copy[i - strlen(text)] ^= 0x55;
        g_autoptr(PupSeatReport) report = pup_seat_report_parse(copy, len, &error);
        if (i < strlen(text))
            assert_null(report);
        if (!report)
            assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hello),           cmocka_unit_test(test_bad_hello),
        cmocka_unit_test(test_starts),          cmocka_unit_test(test_report),
        cmocka_unit_test(test_bad_report),      cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_cut_and_flipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
