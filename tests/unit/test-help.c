/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Long lines of --help go on below their last column. */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/cli/help.h"

static void
folds(const char *text, unsigned columns, const char *wanted)
{
    g_autofree char *folded = pup_help_fold(text, columns);

    assert_string_equal(folded, wanted);
}

static void
short_lines_stay(void **state)
{
    folds("Usage:\n  pupitre init [OPTION...]\n\n  -q, --quiet   Print errors only\n", 80,
          "Usage:\n  pupitre init [OPTION...]\n\n  -q, --quiet   Print errors only\n");
    folds("", 10, "");
}

static void
long_lines_are_broken_below_their_last_column(void **state)
{
    folds("  --when=T   now or then\nnext", 18,
          "  --when=T   now\n             or\n"
          "             then\nnext");
    folds("  --when=T   now or then", 19, "  --when=T   now or\n             then");
    folds("one two three", 7, "one two\nthree");
}

static void
a_word_is_whole(void **state)
{
    folds("  -c   /a/very/long/path it", 12, "  -c   /a/very/long/path\n       it");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_lines_stay),
        cmocka_unit_test(long_lines_are_broken_below_their_last_column),
        cmocka_unit_test(a_word_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
