/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/store/usage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "lib/error.h"
#include "server/store/census.h"
#include "tests/unit/store_fixture.h"

/* Chunks 1 and 2 are in both, 3 is disk1's own and there twice, 4 and 5 are disk2's. */
static const unsigned disk1[] = {1, 2, 0, 3, 3};
static const unsigned disk2[] = {1, 4, 0, 2, 5};

static PupUsage *
usage_of(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    PupUsage *usage = pup_store_usage(f->store, NULL, NULL, NULL, &error);
    if (!usage)
        fail_msg("usage: %s", error->message);
    return usage;
}

static const PupVersionUsage *
nth(const PupUsage *usage, guint i)
{
    assert_in_range(i, 0, usage->versions->len - 1);
    return g_ptr_array_index(usage->versions, i);
}

static guint64
encoded_bytes(Fixture *f, unsigned seed)
{
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    PupName name;
    PupExtent extent;
    fixture_chunk(seed, plain, &name);
    assert_true(pup_store_locate(f->store, &name, &extent, NULL));
    guint64 bytes = extent.length;
    pup_extent_clear(&extent);
    return bytes;
}

static void
test_empty_store(void **state)
{
    g_autoptr(PupUsage) usage = usage_of(*state);
    assert_int_equal(usage->versions->len, 0);
    assert_int_equal(usage->encoded_bytes, 0);
}

static void
test_one_version_owns_all(void **state)
{
    Fixture *f = *state;
    f->boot_profile = 9;
    fixture_publish(f, "a", 1, disk1, 5);
    g_autoptr(PupUsage) usage = usage_of(f);
    const PupVersionUsage *version = nth(usage, 0);
    assert_int_equal(version->disk_bytes, 5 * PUP_CHUNK_BYTES);
    assert_int_equal(version->allocated_bytes, 4 * PUP_CHUNK_BYTES);
    assert_int_equal(version->own_bytes, 3 * PUP_CHUNK_BYTES);
    assert_int_equal(version->shared_bytes, 0);
    assert_int_equal(version->frees_bytes, version->encoded_bytes);
    assert_int_equal(usage->encoded_bytes, version->encoded_bytes);
    assert_true(version->encoded_bytes > encoded_bytes(f, 1) + encoded_bytes(f, 2) +
                                             encoded_bytes(f, 3) + encoded_bytes(f, 9));
}

static void
test_shared_and_own(void **state)
{
    Fixture *f = *state;
    fixture_publish(f, "a", 1, disk1, 5);
    fixture_publish(f, "a", 2, disk2, 5);
    g_autoptr(PupUsage) usage = usage_of(f);
    const PupVersionUsage *one = nth(usage, 0), *two = nth(usage, 1);
    assert_int_equal(one->own_bytes, 1 * PUP_CHUNK_BYTES);
    assert_int_equal(one->shared_bytes, 2 * PUP_CHUNK_BYTES);
    assert_int_equal(two->own_bytes, 2 * PUP_CHUNK_BYTES);
    assert_int_equal(two->shared_bytes, 2 * PUP_CHUNK_BYTES);
    guint64 both = encoded_bytes(f, 1) + encoded_bytes(f, 2);
    assert_int_equal(one->encoded_bytes - one->frees_bytes, both);
    assert_int_equal(two->encoded_bytes - two->frees_bytes, both);
    assert_int_equal(usage->encoded_bytes,
                     one->encoded_bytes + two->encoded_bytes - both);
    assert_false(one->current);
    assert_true(two->current);
}

/* What it says would be freed is what gc then gives back: chunks and their heads. */
static void
test_frees_what_gc_frees(void **state)
{
    Fixture *f = *state;
    PupGcReport gc;
    static const unsigned dead[] = {31, FIXTURE_NOISE, 32};
    fixture_publish(f, "a", 1, disk1, 5);
    fixture_publish(f, "b", 1, dead, 3);
    g_autoptr(PupUsage) usage = usage_of(f);
    const PupVersionUsage *version = nth(usage, 1);
    assert_string_equal(version->name, "b");
    assert_true(pup_store_remove(f->store, PUP_KIND_ROOM, "b", NULL));
    assert_true(pup_gc(f->store, FALSE, NULL, NULL, &gc, NULL));
    guint64 heads = 48 * 4 + 48 + 48; /* of 3 chunks and a page, header, end */
    assert_int_equal(gc.bytes_before - gc.bytes_after, version->frees_bytes + heads);
}

/* Three versions with the same disk own nothing; a page that is shared is seen to. */
static void
test_same_disk_three_times(void **state)
{
    Fixture *f = *state;
    for (unsigned version = 1; version <= 3; version++)
        fixture_publish(f, "a", version, disk1, 5);
    g_autoptr(PupUsage) usage = usage_of(f);
    for (guint i = 0; i < 3; i++) {
        assert_int_equal(nth(usage, i)->own_bytes, 0);
        assert_int_equal(nth(usage, i)->frees_bytes, 0);
        assert_int_equal(nth(usage, i)->shared_bytes, 3 * PUP_CHUNK_BYTES);
        assert_int_equal(nth(usage, i)->encoded_bytes, usage->encoded_bytes);
    }
}

static void
test_missing_chunk_is_named(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    fixture_publish(f, "a", 1, disk1, 5);
    g_auto(GStrv) packs = fixture_list(f, "packs", ".idx");
    g_autofree char *path = fixture_path(f, "packs/%s", packs[0]);
    assert_return_code(unlink(path), 0);
    g_autoptr(PupStore) fresh = pup_store_open(f->uri, NULL);
    assert_null(pup_store_usage(fresh, NULL, NULL, NULL, &error));
    assert_true(g_str_has_prefix(error->message, "a@1: "));
}

static void
test_census(void **state)
{
    g_autoptr(PupCensus) census = pup_census_new();
    gboolean fresh;
    for (unsigned round = 0; round < 2; round++)
        for (guint32 i = 0; i < 5000; i++) {
            PupName name;
            pup_name_of(&i, sizeof i, &name);
            assert_int_equal(pup_census_number(census, &name, &fresh), i);
            assert_int_equal(fresh, round == 0);
            assert_true(pup_name_equal(&pup_census_chunk(census, i)->name, &name));
        }
    assert_int_equal(pup_census_n(census), 5000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty_store, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_one_version_owns_all, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_shared_and_own, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_frees_what_gc_frees, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_same_disk_three_times, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_missing_chunk_is_named, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test(test_census),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
