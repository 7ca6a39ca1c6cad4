/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/name.h"

/* FIPS 180-2, appendix B.1 */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void
test_name_of(void **state)
{
    PupName name, empty;
    char hex[PUP_NAME_HEX_LEN + 1];
    pup_name_of("abc", 3, &name);
    pup_name_to_hex(&name, hex);
    assert_string_equal(hex, ABC);
    pup_name_of(NULL, 0, &empty);
    assert_false(pup_name_is_null(&empty));
    assert_false(pup_name_equal(&name, &empty));
    assert_true(pup_name_cmp(&name, &empty) < 0);
    assert_true(pup_name_hash_equal(&name, &name));
    assert_true(pup_name_hash(&name) != pup_name_hash(&empty));
}

static void
test_null(void **state)
{
    PupName name = {{0}};
    assert_true(pup_name_is_null(&name));
    for (unsigned i = 0; i < PUP_NAME_BYTES; i++) {
        name.bytes[i] = 1;
        assert_false(pup_name_is_null(&name));
        name.bytes[i] = 0;
    }
}

static void
test_from_hex(void **state)
{
    PupName name, expected;
    GError *error = NULL;
    pup_name_of("abc", 3, &expected);
    assert_true(pup_name_from_hex(ABC "/more", PUP_NAME_HEX_LEN, &name, &error));
    assert_true(pup_name_equal(&name, &expected));
}

static void
parse_changed(const char *hex, size_t len, gpointer data)
{
    g_autoptr(GError) error = NULL;
    PupName name, untouched;
    memset(&name, 0x5a, sizeof name);
    untouched = name;
    if (pup_name_from_hex(hex, len, &name, &error)) {
        char again[PUP_NAME_HEX_LEN + 1];
        pup_name_to_hex(&name, again);
        assert_int_equal(len, PUP_NAME_HEX_LEN);
        assert_memory_equal(again, hex, len);
        return;
    }
    assert_true(pup_name_equal(&name, &untouched));
    unit_assert_error(&error, PUP_ERROR_INVALID, NULL);
}

static void
test_from_bad_hex(void **state)
{
    static const char *const bad[] = {
        "",
        "BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "g"
        "a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ABC "0",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        GError *error = NULL;
        PupName name;
        assert_false(pup_name_from_hex(bad[i], strlen(bad[i]), &name, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, "64 lower-case hex");
    }
    unit_each_cut(ABC, PUP_NAME_HEX_LEN, parse_changed, NULL);
    unit_each_flip(ABC, PUP_NAME_HEX_LEN, parse_changed, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_of),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_from_hex),
        cmocka_unit_test(test_from_bad_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
