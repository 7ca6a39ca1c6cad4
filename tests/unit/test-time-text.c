/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/time_text.h"

#define MOMENT_MS (G_GINT64_CONSTANT(1795282200) * 1000)

/* GLib reads TZ once, so each zone is shown by a process of its own. */
static void
assert_text_in(const char *zone, const char *self, const char *expected)
{
    g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "TZ", zone, TRUE);
    char *argv[] = {(char *) self, (char *) "show", NULL};
    g_autofree char *out = NULL;
    int status = 0;

    assert_true(g_spawn_sync(NULL, argv, env, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL,
                             &status, NULL));
    assert_int_equal(status, 0);
    assert_string_equal(out, expected);
}

static void
people_read_their_own_clock(void **state)
{
    const char *self = *state;

    assert_text_in("UTC0", self, "2026-11-21 17:30 UTC\n");
    assert_text_in("CET-1", self, "2026-11-21 18:30 CET\n");
    assert_text_in("<+0545>-5:45", self, "2026-11-21 23:15 +05:45\n");
}

static void
programs_read_utc(void **state)
{
    g_autofree char *text = pup_time_rfc3339(MOMENT_MS);

    assert_string_equal(text, "2026-11-21T17:30:00Z");
}

static void
a_manifest_s_time_is_shown_alike(void **state)
{
    g_autofree char *direct = pup_time_text(MOMENT_MS);
    g_autofree char *read = pup_time_text_of("2026-11-21T17:30:00Z");
    g_autofree char *none = pup_time_text_of("yesterday");

    assert_string_equal(read, direct);
    assert_string_equal(none, "yesterday");
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(people_read_their_own_clock, argv[0]),
        cmocka_unit_test(programs_read_utc),
        cmocka_unit_test(a_manifest_s_time_is_shown_alike),
    };

    if (argc > 1) {
        g_autofree char *text = pup_time_text(MOMENT_MS);
        g_print("%s\n", text);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
