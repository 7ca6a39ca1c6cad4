/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "client-image/seat/server_api.h"

static void
test_hello(void **state)
{
    PupHello hello = {.boot = "b-1",
                      .cpus = 4,
                      .memory_mib = 8000,
                      .kvm = TRUE,
                      .uefi = FALSE,
                      .clock_ms = 978307200000};
    g_autofree char *text = pup_hello_format(&hello);

    assert_string_equal(text, "{\"boot\":\"b-1\",\"cpus\":4,\"memory_mib\":8000,"
                              "\"kvm\":true,\"firmware\":\"bios\","
                              "\"clock_ms\":978307200000}");
    hello.clock_ms = G_MAXINT64; /* no calendar has it */
    g_autofree char *without = pup_hello_format(&hello);
    assert_null(strstr(without, "clock_ms"));
}

static PupReportText
plain_report(void)
{
    PupReportText report = {
        .boot = "b-1", .state = "running", .detail = "", .version = 3, .t_ms = 9000};

    for (unsigned i = 0; i < PUP_N_STAGES; i++)
        report.stage_ms[i] = -1;
    return report;
}

static void
test_report(void **state)
{
    PupReportText report = plain_report();
    g_autofree char *text = NULL;

    report.detail = "say \"hi\"";
    report.stage_ms[PUP_STAGE_DISK] = 0;
    report.stage_ms[PUP_STAGE_GUEST_ALIVE] = 8000;
    text = pup_report_format(&report);
    assert_string_equal(text, "{\"boot\":\"b-1\",\"state\":\"running\",\"version\":3,"
                              "\"detail\":\"say \\\"hi\\\"\",\"t_ms\":9000,\"stages\":["
                              "{\"stage\":\"disk\",\"t_ms\":0},"
                              "{\"stage\":\"guest-alive\",\"t_ms\":8000}]}");
}

/* Words from elsewhere may be anything; a report is always sent. */
static void
test_report_of_bad_detail(void **state)
{
    PupReportText report = plain_report();
    g_autofree char *long_detail = g_strnfill(100000, 'x');
    g_autofree char *wide = NULL;

    report.detail = "a\xff\xfe z";
    g_autofree char *bad = pup_report_format(&report);
    assert_non_null(strstr(bad, " z\""));
    report.detail = long_detail;
    g_autofree char *cut = pup_report_format(&report);
    assert_in_range(strlen(cut), 1000, 1200);
    /* cut between characters, not within one */
    g_autoptr(GString) umlauts = g_string_new(NULL);
    for (int i = 0; i < 3000; i++)
        g_string_append(umlauts, "\xe2\x82\xac");
    report.detail = umlauts->str;
    wide = pup_report_format(&report);
    assert_true(g_utf8_validate(wide, -1, NULL));
    assert_in_range(strlen(wide), 1000, 1200);
}

static void
test_welcome(void **state)
{
    static const char text[] = "{\"room\":\"lab\",\"seat\":\"pc01\",\"version\":7,"
                               "\"poll_s\":10,\"news\":true}";
    g_autoptr(GError) error = NULL;
    g_autoptr(PupWelcome) welcome = pup_welcome_parse(text, strlen(text), &error);

    unit_assert_no_error(error);
    assert_string_equal(welcome->target.room, "lab");
    assert_int_equal(welcome->target.version, 7);
    assert_string_equal(welcome->seat, "pc01");
    assert_int_equal(welcome->poll_s, 10);
    assert_int_equal(welcome->now_ms, -1); /* as a server of before */
    static const char told[] =
        "{\"room\":\"lab\",\"version\":7,\"poll_s\":10,\"now_ms\":1795975200000}";
    g_autoptr(PupWelcome) later = pup_welcome_parse(told, strlen(told), NULL);
    assert_int_equal(later->now_ms, 1795975200000);
}

static void
test_bad_welcomes(void **state)
{
    static const char *const cases[] = {
        "",
        "[]",
        "{}",
        "{\"room\":\"lab\",\"version\":7}",
        "{\"room\":\"lab\",\"version\":7,\"poll_s\":0}",
        "{\"room\":\"lab\",\"version\":7,\"poll_s\":3601}",
        "{\"room\":\"lab\",\"version\":7,\"poll_s\":\"1\"}",
        "{\"room\":\"lab\",\"version\":0,\"poll_s\":1}",
        "{\"room\":\"lab\",\"version\":-1,\"poll_s\":1}",
        "{\"room\":\"lab\",\"version\":4294967297,\"poll_s\":1}",
        "{\"room\":\"lab\",\"version\":\"7\",\"poll_s\":1}",
        "{\"room\":\"../lab\",\"version\":7,\"poll_s\":1}",
        "{\"room\":7,\"version\":7,\"poll_s\":1}",
        "{\"version\":7,\"poll_s\":1}",
        "{\"room\":\"lab\",\"room\":\"lab\",\"version\":7,\"poll_s\":1}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        if (pup_welcome_parse(cases[i], strlen(cases[i]), &error))
            fail_msg("%s was taken", cases[i]);
        unit_assert_error(&error, PUP_ERROR_INVALID, NULL);
    }
}

static void
parse_any(const char *text, size_t len, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupWelcome) welcome = pup_welcome_parse(text, len, &error);
    PupTold told = {0};

    assert_true((welcome == NULL) == (error != NULL));
    pup_told_parse(text, len, &told, NULL);
    pup_told_clear(&told);
}

static void
test_damaged_welcomes(void **state)
{
    static const char text[] =
        "{\"room\":\"lab\",\"seat\":\"pc01\",\"version\":7,\"poll_s\":10}";

    unit_each_cut(text, strlen(text), parse_any, NULL);
    unit_each_flip(text, strlen(text), parse_any, NULL);
}

static void
test_target_stays_on_error(void **state)
{
    g_autoptr(GError) error = NULL;
    PupTold told = {0};

    assert_true(pup_told_parse("{\"room\":\"a\",\"version\":1}", 24, &told, &error));
    assert_false(pup_told_parse("{\"room\":\"b\"}", 12, &told, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "version");
    assert_string_equal(told.target.room, "a");
    pup_told_clear(&told);
}

/* What is not understood ends no guest. */
static void
test_how_to_take(void **state)
{
    static const struct {
        const char *more;
        PupTake take;
        unsigned idle_s;
    } rows[] = {
        {"", PUP_TAKE_NEXT_BOOT, 0},
        {",\"take\":\"next-boot\",\"idle_s\":900", PUP_TAKE_NEXT_BOOT, 0},
        {",\"take\":\"now\"", PUP_TAKE_NOW, 0},
        {",\"take\":\"idle\",\"idle_s\":60", PUP_TAKE_IDLE, 60},
        {",\"take\":\"idle\",\"idle_s\":59", PUP_TAKE_NEXT_BOOT, 0},
        {",\"take\":\"idle\",\"idle_s\":86401", PUP_TAKE_NEXT_BOOT, 0},
        {",\"take\":\"idle\"", PUP_TAKE_NEXT_BOOT, 0},
        {",\"take\":\"soon\"", PUP_TAKE_NEXT_BOOT, 0},
        {",\"take\":1", PUP_TAKE_NEXT_BOOT, 0},
    };
    PupTold told = {.take = PUP_TAKE_NOW};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        g_autofree char *text =
            g_strdup_printf("{\"room\":\"a\",\"version\":1%s}", rows[i].more);

        pup_told_parse(text, strlen(text), &told, &error);
        unit_assert_no_error(error);
        assert_int_equal(told.take, rows[i].take);
        assert_int_equal(told.idle_s, rows[i].idle_s);
    }
    pup_told_clear(&told);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hello),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_report_of_bad_detail),
        cmocka_unit_test(test_welcome),
        cmocka_unit_test(test_bad_welcomes),
        cmocka_unit_test(test_damaged_welcomes),
        cmocka_unit_test(test_target_stays_on_error),
        cmocka_unit_test(test_how_to_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
