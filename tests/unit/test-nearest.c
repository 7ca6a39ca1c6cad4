/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/nearest.h"

static void
hints_are_what_was_meant_or_what_there_is(void **state)
{
    static const struct {
        const char *word, *names, *hint;
    } rows[] = {
        {"lab", "", "; there is none yet"},
        {"lab-11", "lab-101 lab-102 hall", "; did you mean 'lab-101'?"},
        {"lab-10", "lab-101 lab-102 hall", "; did you mean 'lab-101' or 'lab-102'?"},
        {"LAB-101", "lab-101 hall", "; did you mean 'lab-101'?"},
        {"hlal", "lab-101 hall", "; did you mean 'hall'?"},
        {"nope", "win11", "; there is win11"},
        {"nope", "lab-101 lab-102", "; there are lab-101, lab-102"},
        {"x", "a b c d e f g h", "; there are a, b, c, d, e, f and 2 more"},
        {"", "a", "; there is a"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "b", "; there is b"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) names = g_strsplit(rows[i].names, " ", -1);
        g_autofree char *hint = pup_nearest_hint(rows[i].word, *names ? names : NULL);
        assert_string_equal(hint, rows[i].hint);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hints_are_what_was_meant_or_what_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
