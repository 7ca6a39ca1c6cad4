/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/image/retention.h"

/* A letter a version tells why it stays: C current, T on trial, P pinned, U in use, N
 * newest, D daily, A no limit, - it goes. */
static const char letters[] = "-CTPUNDA";

typedef struct {
    const char *days;  /* of each version a letter, the day it was published on */
    const char *given; /* what is known before */
    unsigned keep, keep_daily;
    const char *expected;
} Row;

static void
check(const Row *row)
{
    g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(PupRetained));
    g_autoptr(GString) got = g_string_new(NULL);

    for (unsigned i = 0; row->days[i]; i++) {
        PupRetained version = {.version = i + 1, .day = row->days[i]};
        version.kept = (PupKept) (strchr(letters, row->given[i]) - letters);
        g_array_append_val(versions, version);
    }
    pup_retention_judge(versions, row->keep, row->keep_daily);
    for (unsigned i = 0; i < versions->len; i++)
        g_string_append_c(got, letters[g_array_index(versions, PupRetained, i).kept]);
    assert_string_equal(got->str, row->expected);
}

static void
test_judge(void **state)
{
    static const Row rows[] = {
        {"", "", 0, 0, ""},
        {"", "", 5, 5, ""},
        /* nobody set a limit */
        {"aab", "--C", 0, 0, "AAC"},
        {"aab", "C--", 0, 0, "CAN"},
        /* the last so many, the current one and pinned ones among them */
        {"aaaaaa", "-----C", 1, 0, "-----C"},
        {"aaaaaa", "-----C", 3, 0, "---NNC"},
        {"aaaaaa", "-----C", 6, 0, "NNNNNC"},
        {"aaaaaa", "-----C", 9, 0, "NNNNNC"},
        {"aaaaaa", "P-U--C", 2, 0, "P-U-NC"},
        {"aaaaaa", "P-U--C", 5, 0, "PNUNNC"},
        /* after a rollback the newest stays, so that no number is given twice */
        {"aaaaaa", "-C----", 1, 0, "-C---N"},
        /* the last of each day */
        {"aabbcc", "-----C", 0, 1, "-----C"},
        {"aabbcc", "-----C", 0, 2, "---D-C"},
        {"aabbcc", "-----C", 0, 3, "-D-D-C"},
        {"aabbcc", "-----C", 0, 9, "-D-D-C"},
        /* both */
        {"aabbcc", "-----C", 2, 2, "---DNC"},
        {"abcddd", "-----C", 3, 4, "DDDNNC"},
        /* a day comes back: clocks that were set */
        {"abab", "---C", 0, 9, "DDDC"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        check(&rows[i]);
}

static void
test_names(void **state)
{
    assert_null(pup_kept_name(PUP_KEPT_NOT));
    assert_string_equal(pup_kept_name(PUP_KEPT_CURRENT), "current");
    assert_string_equal(pup_kept_name(PUP_KEPT_ALL), "no limit");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
