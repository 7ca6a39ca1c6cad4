/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of metrics, and that the reader which judges it can say no. */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/http/metrics.h"
#include "tests/unit/prometheus.h"

static void
assert_right(const char *text)
{
    g_autofree char *wrong = prometheus_check(text);
    if (wrong)
        fail_msg("%s", wrong);
}

static void
a_family(void **state)
{
    g_autoptr(GString) text = g_string_new(NULL);
    pup_metrics_family(text, "x_bytes_total", PUP_COUNTER, "Bytes.");
    pup_metrics_sample(text, "x_bytes_total", 12345678901234.0, "room", "a", "version",
                       "7", NULL);
    pup_metrics_family(text, "y_seconds", PUP_GAUGE, "Time.");
    pup_metrics_sample(text, "y_seconds", 0.0012, NULL);
    assert_string_equal(text->str, "# HELP x_bytes_total Bytes.\n"
                                   "# TYPE x_bytes_total counter\n"
                                   "x_bytes_total{room=\"a\",version=\"7\"} "
                                   "12345678901234\n"
                                   "# HELP y_seconds Time.\n"
                                   "# TYPE y_seconds gauge\n"
                                   "y_seconds 0.0012\n");
    assert_right(text->str);
}

static void
labels_are_escaped(void **state)
{
    g_autoptr(GString) text = g_string_new(NULL);
    pup_metrics_family(text, "x", PUP_GAUGE, "X.");
    pup_metrics_sample(text, "x", 1, "l", "a\"b\\c\nd\xff}", NULL);
    assert_non_null(strstr(text->str, "x{l=\"a\\\"b\\\\c\\nd\xef\xbf\xbd}\"} 1\n"));
    assert_right(text->str);
}

static void
the_reader_can_say_no(void **state)
{
#define HEAD "# HELP x X.\n# TYPE x gauge\n"
    static const char *const wrong[] = {
        HEAD "x 1",
        HEAD "x{l=\"a\"b\"} 1\n",
        HEAD "x{l=\"a\\d\"} 1\n",
        HEAD "x{l=\"a\",} 1\n",
        HEAD "x{1=\"a\"} 1\n",
        HEAD "x 1\nx 1\n",
        HEAD "x one\n",
        HEAD "y 1\n",
        HEAD "x 1\n\n",
        HEAD HEAD,
        "# TYPE x gauge\nx 1\n",
        "x 1\n",
        "# HELP x X.\nx 1\n",
        "# HELP x X.\n# TYPE x counter\nx 1\n",
        "# HELP x_total X.\n# TYPE x_total counter\nx_total -1\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *why = prometheus_check(wrong[i]);
        if (!why)
            fail_msg("taken for right: %s", wrong[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family),
        cmocka_unit_test(labels_are_escaped),
        cmocka_unit_test(the_reader_can_say_no),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
