/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/boot_profile.h"

#define N_CHUNKS 1000u

/* Positions 5, 0, 999. */
static const char golden[] = "PUP-BOOT"
                             "\1\0\0\0"
                             "\3\0\0\0"
                             "\5\0\0\0"
                             "\0\0\0\0"
                             "\xe7\3\0\0";
static const guint32 golden_positions[] = {5, 0, 999};
#define GOLDEN_LEN (sizeof golden - 1)

static void
assert_positions(const GArray *got, const guint32 *wanted, guint n)
{
    assert_non_null(got);
    assert_int_equal(got->len, n);
    if (n > 0)
        assert_memory_equal(got->data, wanted, n * sizeof *wanted);
}

static void
test_golden(void **state)
{
    GError *error = NULL;
    g_autoptr(GBytes) bytes = pup_boot_profile_format(golden_positions, 3);
    assert_int_equal(g_bytes_get_size(bytes), GOLDEN_LEN);
    assert_memory_equal(g_bytes_get_data(bytes, NULL), golden, GOLDEN_LEN);
    g_autoptr(GArray) parsed =
        pup_boot_profile_parse(golden, GOLDEN_LEN, N_CHUNKS, &error);
    unit_assert_no_error(error);
    assert_positions(parsed, golden_positions, 3);
}

static void
refuse(const char *text, size_t len, gpointer data)
{
    GError *error = NULL;
    assert_null(pup_boot_profile_parse(text, len, N_CHUNKS, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "boot profile");
}

/* What is still a profile after a flip says what its bytes say. */
static void
refuse_or_agree(const char *text, size_t len, gpointer data)
{
    unsigned *n_refused = data;
    GError *error = NULL;
    g_autoptr(GArray) parsed = pup_boot_profile_parse(text, len, N_CHUNKS, &error);
    if (!parsed) {
        assert_non_null(error);
        g_clear_error(&error);
        (*n_refused)++;
        return;
    }
    g_autoptr(GBytes) again =
        pup_boot_profile_format((const guint32 *) parsed->data, parsed->len);
    assert_int_equal(g_bytes_get_size(again), len);
    assert_memory_equal(g_bytes_get_data(again, NULL), text, len);
}

static void
test_damaged(void **state)
{
    unsigned n_refused = 0;
    unit_each_cut(golden, GOLDEN_LEN, refuse, NULL);
    unit_each_flip(golden, GOLDEN_LEN, refuse_or_agree, &n_refused);
    /* No flip of the 16 bytes of the head passes. */
    assert_true(n_refused >= 16 * 8);
}

static void
test_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        PupErrorCode code;
        const char *part;
    } rows[] = {
        {"PUP-BOOT\2\0\0\0\0\0\0\0", 16, PUP_ERROR_UNSUPPORTED, "format 2"},
        {"PUP-BOOT\0\0\0\0\0\0\0\0", 16, PUP_ERROR_INVALID, "0 positions"},
        {"PUP-BOOT\1\0\0\0\1\0\0\0\xe8\3\0\0", 20, PUP_ERROR_INVALID, "position 1000"},
        {"PUP-BOOT\1\0\0\0\2\0\0\0\7\0\0\0\7\0\0\0", 24, PUP_ERROR_INVALID, "7 stands"},
        {"PUP-BOOT\1\0\0\0\1\0\0\0\7\0\0\0\7", 21, PUP_ERROR_INVALID, "together"},
        {"PUP-BOOT\1\0\0\0\xff\xff\xff\xff\7\0\0\0", 20, PUP_ERROR_INVALID, "together"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        assert_null(pup_boot_profile_parse(rows[i].bytes, rows[i].len, N_CHUNKS, &error));
        unit_assert_error(&error, rows[i].code, rows[i].part);
    }
}

static void
test_padding(void **state)
{
    GError *error = NULL;
    g_autofree char *chunk = g_malloc0(PUP_CHUNK_BYTES + 1);
    memcpy(chunk, golden, GOLDEN_LEN);
    for (size_t len = GOLDEN_LEN; len <= PUP_CHUNK_BYTES; len += 1021) {
        g_autoptr(GArray) parsed = pup_boot_profile_parse(chunk, len, N_CHUNKS, &error);
        assert_positions(parsed, golden_positions, 3);
    }
    assert_null(pup_boot_profile_parse(chunk, PUP_CHUNK_BYTES + 1, N_CHUNKS, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "together");
    chunk[PUP_CHUNK_BYTES - 1] = 1;
    assert_null(pup_boot_profile_parse(chunk, PUP_CHUNK_BYTES, N_CHUNKS, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "together");
}

static void
test_largest_and_empty(void **state)
{
    GError *error = NULL;
    guint n = PUP_BOOT_PROFILE_MAX;
    g_autofree guint32 *positions = g_new(guint32, n);
    assert_int_equal(n, 32764);
    for (guint i = 0; i < n; i++)
        positions[i] = n - 1 - i;
    g_autoptr(GBytes) largest = pup_boot_profile_format(positions, n);
    assert_int_equal(g_bytes_get_size(largest), PUP_CHUNK_BYTES);
    g_autoptr(GArray) parsed = pup_boot_profile_parse(
        g_bytes_get_data(largest, NULL), g_bytes_get_size(largest), n, &error);
    assert_positions(parsed, positions, n);

    g_autoptr(GBytes) empty = pup_boot_profile_format(NULL, 0);
    g_autoptr(GArray) none =
        pup_boot_profile_parse(g_bytes_get_data(empty, NULL), 16, 1, &error);
    assert_positions(none, NULL, 0);
}

/* A profile out of letters: position 'a' is 0. */
static GArray *
profile_of(const char *letters)
{
    GArray *profile = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (; *letters; letters++) {
        guint32 position = (guint32) (*letters - 'a');
        g_array_append_val(profile, position);
    }
    return profile;
}

static void
test_merge(void **state)
{
    static const struct {
        const char *profiles[6];
        const char *merged;
    } rows[] = {
        {{NULL}, ""},
        {{""}, ""},
        {{"dacb"}, "dacb"},
        {{"dacb", "dacb"}, "dacb"},
        {{"dacb", "dacb", "dacb", "dacb"}, "dacb"},
        /* Of two, both count: what only one has stands at its own rank. */
        {{"ac", "bc"}, "abc"},
        {{"ab", ""}, "ab"},
        /* One odd seat of three: other chunks, none, or the same backwards. */
        {{"dacb", "dacb", "zyxw"}, "dacb"},
        {{"dacb", "", "dacb"}, "dacb"},
        {{"bcad", "dacb", "dacb"}, "dacb"},
        /* Two of four are enough, one of three is not. */
        {{"ab", "ab", "cd", "cd"}, "acbd"},
        {{"ab", "ac", "ad"}, "a"},
        /* Ranks are relative: 'y' is half-way, as 'e' is. */
        {{"xy", "abcdefgh"}, "axbcdeyfgh"},
        /* 'x' is early on two of three seats. */
        {{"xabcd", "xabcd", "abcdx"}, "xabcd"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) profiles =
            g_ptr_array_new_with_free_func((GDestroyNotify) g_array_unref);
        for (size_t p = 0; rows[i].profiles[p]; p++)
            g_ptr_array_add(profiles, profile_of(rows[i].profiles[p]));
        g_autoptr(GArray) wanted = profile_of(rows[i].merged);
        g_autoptr(GArray) merged = pup_boot_profile_merge(profiles);
        assert_positions(merged, (const guint32 *) wanted->data, wanted->len);
    }
}

/* Two full profiles without a common position: the later half of each drops out. */
static void
test_merge_is_bounded(void **state)
{
    g_autoptr(GPtrArray) profiles =
        g_ptr_array_new_with_free_func((GDestroyNotify) g_array_unref);
    for (guint32 first = 0; first < 2; first++) {
        GArray *profile = g_array_new(FALSE, FALSE, sizeof(guint32));
        for (guint32 i = 0; i < PUP_BOOT_PROFILE_MAX; i++) {
            guint32 position = 2 * i + first;
            g_array_append_val(profile, position);
        }
        g_ptr_array_add(profiles, profile);
    }
    g_autoptr(GArray) merged = pup_boot_profile_merge(profiles);
    assert_int_equal(merged->len, PUP_BOOT_PROFILE_MAX);
    for (guint32 i = 0; i < merged->len; i++)
        assert_int_equal(g_array_index(merged, guint32, i), i);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_largest_and_empty),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_merge_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
