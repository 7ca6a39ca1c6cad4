/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/shares.h"

static void
test_good(void **state)
{
    static const struct {
        const char *text, *list;
    } rows[] = {
        {"P=\\\\srv\\class", "P=\\\\srv\\class"},
        {"p = //10.0.0.2/class , home=\\\\srv.example.org/homes$\\2026",
         "p=\\\\10.0.0.2\\class,home=\\\\srv.example.org\\homes$\\2026"},
        {"a_b-1=//s/with blank & 'more'", "a_b-1=\\\\s\\with blank & 'more'"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *list = pup_shares_parse(rows[i].text, &error);
        g_autofree char *again = NULL;

        unit_assert_no_error(error);
        assert_string_equal(list, rows[i].list);
        again = pup_shares_parse(list, &error);
        assert_string_equal(again, list);
    }
}

static void
test_bad(void **state)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"", "'' is no share"},
        {"P", "'P' is no share"},
        {"P=", "is no share"},
        {"=\\\\srv\\class", "is no share"},
        {"P:=\\\\srv\\class", "is no share"},
        {"P=\\srv\\class", "is no share"},
        {"P=\\\\srv", "is no share"},
        {"P=\\\\srv\\", "is no share"},
        {"P=\\\\srv\\\\class", "is no share"},
        {"P=\\\\\\class\\x", "is no share"},
        {"P=//srv/class/", "is no share"},
        {"P=//srv/cl*ss", "is no share"},
        {"P=//srv:8/class", "is no share"},
        {"P=//srv/\"class\"", "is no share"},
        {"P=//srv/caf\xc3\xa9", "is no share"},
        {"P=//srv/a\tb", "is no share"},
        {"P=//srv/class,", "'' is no share"},
        {"P=//srv/class, p=//srv/other", "'p' is there twice"},
        {"a=//s/x,b=//s/x,c=//s/x,d=//s/x,e=//s/x,f=//s/x,g=//s/x,h=//s/x,i=//s/x,"
         "j=//s/x,k=//s/x,l=//s/x,m=//s/x,n=//s/x,o=//s/x,p=//s/x,q=//s/x",
         "at most 16"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(pup_shares_parse(rows[i].text, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, rows[i].part);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
