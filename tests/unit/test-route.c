/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/error.h"
#include "server/http/range.h"
#include "server/http/route.h"

static void
test_paths(void **state)
{
    static const struct {
        const char *raw;
        const char *segments; /* joined by blanks; NULL: refused */
    } cases[] = {
        {"/", ""},
        {"/boot.ipxe", "boot.ipxe"},
        {"/v1/chunks/abc", "v1 chunks abc"},
        {"/boot/52%3A54%3a00/ipxe", "boot 52:54:00 ipxe"},
        {"/a/..b", "a ..b"},
        {"", NULL},
        {"boot", NULL},
        {"//", NULL},
        {"/a/", NULL},
        {"/a//b", NULL},
        {"/..", NULL},
        {"/a/../b", NULL},
        {"/a/./b", NULL},
        {"/a/%2e%2e/b", NULL},
        {"/a/%2e./b", NULL},
        {"/a%2fb", NULL},
        {"/a%2Fb", NULL},
        {"/a%00b", NULL},
        {"/a%0ab", NULL},
        {"/a%20b", NULL},
        {"/a b", NULL},
        {"/a%", NULL},
        {"/a%4", NULL},
        {"/a%4g", NULL},
        {"/a%ff", NULL},
        {"/\xc3\xa4", NULL},
        {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16",
         "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"},
        {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", NULL},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        PupPath path;
        g_autoptr(GError) error = NULL;
        gboolean ok = pup_path_parse(cases[i].raw, &path, &error);
        if (!cases[i].segments) {
            if (ok)
                fail_msg("'%s' was not refused", cases[i].raw);
            assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID));
            continue;
        }
        if (!ok)
            fail_msg("'%s': %s", cases[i].raw, error->message);
        g_autoptr(GString) joined = g_string_new(NULL);
        for (unsigned k = 0; k < path.n_segments; k++)
            g_string_append_printf(joined, "%s%s", k ? " " : "", path.segments[k]);
        assert_string_equal(joined->str, cases[i].segments);
    }
}

static void
test_path_length(void **state)
{
    g_autofree char *longest = g_strnfill(PUP_PATH_MAX, 'a');
    PupPath path;
    longest[0] = '/';
    assert_true(pup_path_parse(longest, &path, NULL));
    assert_int_equal(strlen(path.segments[0]), PUP_PATH_MAX - 1);
    g_autofree char *longer = g_strconcat(longest, "a", NULL);
    assert_false(pup_path_parse(longer, &path, NULL));
}

/* Every byte at every place of a path, escaped or not: refused, or decoded in bounds. */
static void
test_any_byte(void **state)
{
    static const char path[] = "/boot/52%3A54/ipxe";
    for (size_t i = 0; i < strlen(path); i++)
        for (int byte = 1; byte < 256; byte++) {
            g_autofree char *copy = g_strdup(path);
            PupPath parsed;
            copy[i] = byte;
            if (!pup_path_parse(copy, &parsed, NULL))
                continue;
            assert_true(parsed.n_segments <= G_N_ELEMENTS(parsed.segments));
            for (unsigned k = 0; k < parsed.n_segments; k++)
                for (const char *c = parsed.segments[k]; *c; c++)
                    assert_true(*c > ' ' && *c < 0x7f && *c != '/');
        }
}

static void
test_match(void **state)
{
    static const struct {
        const char *pattern, *path;
        const char *args; /* joined by blanks; NULL: no match */
    } cases[] = {
        {"/v1/status", "/v1/status", ""},
        {"/v1/status", "/v1/statu", NULL},
        {"/v1/status", "/v1/statuss", NULL},
        {"/v1/status", "/v1", NULL},
        {"/v1/status", "/v1/status/x", NULL},
        {"/v1/chunks/*", "/v1/chunks/ab", "ab"},
        {"/v1/chunks/*", "/v1/chunks", NULL},
        {"/v1/chunks/*", "/v1/chunks/ab/c", NULL},
        {"/v1/rooms/*/versions/*/manifest", "/v1/rooms/lab/versions/7/manifest", "lab 7"},
        {"/v1/rooms/*/versions/*/manifest", "/v1/rooms/lab/versions/7/manifest.sig",
         NULL},
        {"/boot/*/ipxe", "/boot/52%3a54/ipxe", "52:54"},
        {"/*x", "/*x", ""},
        {"/*x", "/ax", NULL},
        {"/", "/", ""},
        {"/", "/a", NULL},
        {"/a", "/", NULL},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        PupPath path;
        const char *args[PUP_ROUTE_MAX_ARGS] = {NULL};
        assert_true(pup_path_parse(cases[i].path, &path, NULL));
        gboolean matched = pup_route_match(cases[i].pattern, &path, args);
        if (matched != (cases[i].args != NULL))
            fail_msg("'%s' against '%s'", cases[i].path, cases[i].pattern);
        if (!matched)
            continue;
        g_autoptr(GString) joined = g_string_new(NULL);
        for (unsigned k = 0; k < PUP_ROUTE_MAX_ARGS && args[k]; k++)
            g_string_append_printf(joined, "%s%s", k ? " " : "", args[k]);
        assert_string_equal(joined->str, cases[i].args);
    }
}

static void
test_ranges(void **state)
{
    static const struct {
        const char *header;
        guint64 size;
        PupRange want;
        guint64 offset, length;
    } cases[] = {
        {NULL, 100, PUP_RANGE_WHOLE},
        {"bytes=0-", 100, PUP_RANGE_PART, 0, 100},
        {"bytes=0-0", 100, PUP_RANGE_PART, 0, 1},
        {"bytes=10-19", 100, PUP_RANGE_PART, 10, 10},
        {"bytes=10-1000", 100, PUP_RANGE_PART, 10, 90},
        {"bytes=99-", 100, PUP_RANGE_PART, 99, 1},
        {"bytes=-1", 100, PUP_RANGE_PART, 99, 1},
        {"bytes=-1000", 100, PUP_RANGE_PART, 0, 100},
        {"bytes=100-", 100, PUP_RANGE_UNSATISFIABLE},
        {"bytes=-0", 100, PUP_RANGE_UNSATISFIABLE},
        {"bytes=0-", 0, PUP_RANGE_UNSATISFIABLE},
        {"bytes=-5", 0, PUP_RANGE_UNSATISFIABLE},
        {"bytes=20-10", 100, PUP_RANGE_WHOLE},
        {"bytes=0-1,5-6", 100, PUP_RANGE_WHOLE},
        {"bytes=", 100, PUP_RANGE_WHOLE},
        {"bytes=-", 100, PUP_RANGE_WHOLE},
        {"bytes=a-b", 100, PUP_RANGE_WHOLE},
        {"bytes=1-2x", 100, PUP_RANGE_WHOLE},
        {"bytes=99999999999999999999-", 100, PUP_RANGE_WHOLE},
        {"chunks=0-1", 100, PUP_RANGE_WHOLE},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint64 offset = 0, length = 0;
        PupRange got = pup_range_parse(cases[i].header, cases[i].size, &offset, &length);
        if (got != cases[i].want)
            fail_msg("'%s' of %d: %d", cases[i].header, (int) cases[i].size, got);
        assert_int_equal(offset, cases[i].offset);
        assert_int_equal(length, cases[i].length);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),    cmocka_unit_test(test_path_length),
        cmocka_unit_test(test_any_byte), cmocka_unit_test(test_match),
        cmocka_unit_test(test_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
