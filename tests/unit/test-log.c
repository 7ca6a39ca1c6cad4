/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/log.h"

static void
test_format(void **state)
{
    static const struct {
        const char *value, *want;
    } cases[] = {
        {"plain", "info it-happened key=plain"},
        {"52:54:00:12:34:56", "info it-happened key=52:54:00:12:34:56"},
        {"", "info it-happened key=\"\""},
        {"two words", "info it-happened key=\"two words\""},
        {"a\nfake line", "info it-happened key=\"a\\nfake line\""},
        {"\"quoted\"", "info it-happened key=\"\\\"quoted\\\"\""},
        {"a=b", "info it-happened key=\"a=b\""},
        {"\033[2J", "info it-happened key=\"\\033[2J\""},
        {"\xff", "info it-happened key=\"\\377\""},
        {"Salle d’été", "info it-happened key=\"Salle d’été\""},
        {"\\\"é\xc2\x9b\n", "info it-happened key=\"\\\\\\\"é\\u009b\\n\""},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *pairs[] = {"key", cases[i].value, NULL};
        g_autofree char *line = pup_log_format(LOG_INFO, "it-happened", pairs);
        assert_string_equal(line, cases[i].want);
    }
}

static void
test_levels(void **state)
{
    static const struct {
        int priority;
        const char *want;
    } cases[] = {
        {LOG_CRIT, "error e"},  {LOG_ERR, "error e"}, {LOG_WARNING, "warning e"},
        {LOG_NOTICE, "info e"}, {LOG_INFO, "info e"}, {LOG_DEBUG, "debug e"},
    };
    const char *none[] = {NULL};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line = pup_log_format(cases[i].priority, "e", none);
        assert_string_equal(line, cases[i].want);
    }
    assert_string_equal(PUP_LOG_NUM(-7), "-7");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
