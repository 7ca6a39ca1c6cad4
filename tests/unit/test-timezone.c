/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/image/timezone.h"

#define BYTES(text) text, sizeof(text) - 1

static void
test_rules(void **state)
{
    static const struct {
        const char *data;
        size_t len;
        const char *rule; /* NULL: refused */
    } rows[] = {
        {BYTES("TZif2\0\1\n\2\nCET-1CEST,M3.5.0,M10.5.0/3\n"),
         "CET-1CEST,M3.5.0,M10.5.0/3"},
        {BYTES("TZif3...\nUTC0\n"), "UTC0"},
        {BYTES("TZif2\n<+0330>-3:30\n"), "<+0330>-3:30"},
        {BYTES("TZif\0\nUTC0\n"), NULL},
        {BYTES("TZif2\n\n"), NULL},
        {BYTES("TZif2UTC0\n"), NULL},
        {BYTES("TZif2\nUTC0"), NULL},
        {BYTES("TZif2\nUT'0\n"), NULL},
        {BYTES("TZif2\nUT\0C0\n"), NULL},
        {BYTES("TZif2\n"), NULL},
        {BYTES("TZif"), NULL},
        {BYTES("#!/bin/sh\nUTC0\n"), NULL},
        {BYTES(""), NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *rule =
            pup_timezone_parse("zone", rows[i].data, rows[i].len, &error);

        if (rows[i].rule)
            assert_string_equal(rule, rows[i].rule);
        else
            unit_assert_error(&error, PUP_ERROR_UNSUPPORTED, "'zone' holds no rule");
    }
}

/* The ones of this machine; what there is depends on it. */
static void
test_files(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *here = pup_timezone_rule(NULL, &error);
    g_autofree char *paris = NULL;

    unit_assert_no_error(error);
    assert_true(strlen(here) >= 4);
    assert_null(pup_timezone_rule("Europe/Nowhere", &error));
    unit_assert_error(&error, PUP_ERROR_NOT_FOUND, "time zone 'Europe/Nowhere': ");
    if (!g_file_test("/usr/share/zoneinfo/Europe/Paris", G_FILE_TEST_EXISTS))
        return;
    paris = pup_timezone_rule("Europe/Paris", &error);
    unit_assert_no_error(error);
    assert_string_equal(paris, "CET-1CEST,M3.5.0,M10.5.0/3");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
