/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/ident.h"

#define SIXTY "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"

static void
test_check(void **state)
{
    static const char *const good[] = {"a",           "0",     "lab-101",
                                       "win11.de_v2", "a.b.c", SIXTY "xyz"};
    static const char *const bad[] = {
        "",    "-a",  ".a",   "_a",  "a..b",       "..",   "A",    "a b",
        "a/b", "a@b", "\xe4", "a\n", SIXTY "wxyz", "a%2f", "a\\b", "caf\xc3\xa9"};
    GError *error = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
        assert_true(pup_ident_check("room", good[i], &error));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        assert_false(pup_ident_check("room", bad[i], &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, "room");
    }
}

static void
test_message_is_one_line(void **state)
{
    g_autoptr(GError) error = NULL;
    assert_false(pup_ident_check("room", "a\nERROR b\x1b[2J", &error));
    for (const char *p = error->message; *p; p++)
        assert_true(g_ascii_isprint(*p));
}

static void
test_split(void **state)
{
    static const struct {
        const char *text, *name;
        unsigned version;
    } good[] = {
        {"win11", "win11", 0},
        {"win11@1", "win11", 1},
        {"win11@2147483647", "win11", 2147483647},
    };
    static const char *const bad[] = {
        "",         "@1",       "win11@",   "win11@0",  "win11@01",  "win11@-1",
        "win11@1x", "win11@+1", "win11@ 1", "win 11@1", "win11@1@2", "win11@2147483648"};
    GError *error = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *name = NULL;
        unsigned version = 99;
        assert_true(pup_ident_split("master", good[i].text, &name, &version, &error));
        assert_string_equal(name, good[i].name);
        assert_int_equal(version, good[i].version);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        char *name = NULL;
        unsigned version = 99;
        assert_false(pup_ident_split("master", bad[i], &name, &version, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, "master");
        assert_null(name);
        assert_int_equal(version, 99);
    }
}

static void
test_version(void **state)
{
    static const char *const bad[] = {"",   "0",  "01", "-1",
                                      "+1", " 1", "1x", "2147483648"};
    GError *error = NULL;
    unsigned version = 99;
    assert_true(pup_version_parse("2147483647", &version, &error));
    assert_int_equal(version, 2147483647);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        assert_false(pup_version_parse(bad[i], &version, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, "no version");
    }
    assert_int_equal(version, 2147483647);
}

static void
test_mac(void **state)
{
    static const char *const good[] = {"52:54:00:aa:bb:0c", "52:54:00:AA:BB:0C",
                                       "52-54-00-aa-BB-0c", "525400aabb0c"};
    static const char *const bad[] = {
        "",
        "52:54:00:aa:bb",
        "52:54:00:aa:bb:0c:",
        "52:54:00:aa:bb:0c:dd",
        "52:54-00:aa:bb:0c",
        "52.54.00.aa.bb.0c",
        "5254.00aa.bb0c",
        "52:54:00:aa:bb:0g",
        "525400aabb0",
        "525400aabb0cc",
        "5:254:00:aa:bb:0c",
        "01:00:5e:00:00:01",
        "ff:ff:ff:ff:ff:ff",
        "00:00:00:00:00:00",
        " 2:54:00:aa:bb:0c",
        "+2:54:00:aa:bb:0c",
    };
    GError *error = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *mac = pup_mac_parse(good[i], &error);
        unit_assert_no_error(error);
        assert_string_equal(mac, "52:54:00:aa:bb:0c");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        assert_null(pup_mac_parse(bad[i], &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, "MAC address");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check), cmocka_unit_test(test_message_is_one_line),
        cmocka_unit_test(test_split), cmocka_unit_test(test_version),
        cmocka_unit_test(test_mac),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
