/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "client-image/stream/cache.h"

#define N_THREADS 4u
#define N_ROUNDS 2000u
#define BOUND_BYTES 20000u

static PupName
name_of(unsigned i)
{
    PupName name;

    pup_name_of(&i, sizeof i, &name);
    return name;
}

static void
put(PupCache *cache, unsigned i, size_t len)
{
    g_autoptr(PupBuffer) buffer = pup_buffer_new(len);
    PupName name = name_of(i);

    memset(buffer->data, (int) i, len);
    pup_cache_put(cache, &name, buffer);
}

/* TRUE when @i is there, with the bytes that put() gave it. */
static gboolean
has(PupCache *cache, unsigned i)
{
    PupName name = name_of(i);
    g_autoptr(PupBuffer) buffer = pup_cache_get(cache, &name);

    for (size_t at = 0; buffer && at < buffer->len; at++)
        assert_int_equal(buffer->data[at], (guint8) i);
    return buffer != NULL;
}

static void
test_least_recently_used_goes_first(void **state)
{
    g_autoptr(PupCache) cache = pup_cache_new(3000);

    put(cache, 1, 1000);
    put(cache, 2, 1000);
    assert_true(has(cache, 1));
    put(cache, 3, 1000);
    assert_true(has(cache, 1));
    assert_false(has(cache, 2));
    assert_true(has(cache, 3));
}

static void
test_replaces_and_removes(void **state)
{
    g_autoptr(PupCache) cache = pup_cache_new(10000);
    PupName name = name_of(1);
    size_t once;

    put(cache, 1, 1000);
    once = pup_cache_bytes(cache);
    put(cache, 1, 1000);
    assert_int_equal(pup_cache_bytes(cache), once);
    assert_true(pup_cache_has(cache, &name));
    pup_cache_remove(cache, &name);
    assert_false(pup_cache_has(cache, &name));
    assert_int_equal(pup_cache_bytes(cache), 0);
}

static void
test_does_not_keep_what_is_larger_than_itself(void **state)
{
    g_autoptr(PupCache) cache = pup_cache_new(1000);

    put(cache, 1, 500);
    put(cache, 2, 1000);
    assert_false(has(cache, 2));
    assert_true(has(cache, 1));
}

static void
test_nothing_is_kept_in_none(void **state)
{
    g_autoptr(PupCache) cache = pup_cache_new(0);

    put(cache, 1, 1);
    assert_false(has(cache, 1));
}

/* A buffer that a reader holds outlives its place in the cache. */
static void
test_reader_keeps_buffer(void **state)
{
    g_autoptr(PupCache) cache = pup_cache_new(1500);
    PupName name = name_of(1);
    g_autoptr(PupBuffer) held = NULL;

    put(cache, 1, 1000);
    held = pup_cache_get(cache, &name);
    put(cache, 2, 1000);
    assert_false(has(cache, 1));
    assert_int_equal(held->data[999], 1);
}

static void
test_pool_gives_the_same_buffer_again(void **state)
{
    g_autoptr(PupPool) pool = pup_pool_new(1000, 1);
    PupBuffer *one = pup_pool_take(pool);
    PupBuffer *two = pup_pool_take(pool);

    assert_int_equal(one->len, 1000);
    assert_ptr_not_equal(one, two);
    pup_buffer_unref(pup_buffer_ref(one));
    pup_buffer_unref(one);
    pup_buffer_unref(two);
    two = pup_pool_take(pool);
    assert_ptr_equal(two, one);
    assert_int_equal(two->refs, 1);
    pup_buffer_unref(two);
}

static void
favour(PupCache *cache, unsigned i)
{
    PupName name = name_of(i);

    pup_cache_favour(cache, &name);
}

/* Favoured before it came, after it came, and not at all. */
static void
test_favoured_goes_last(void **state)
{
    g_autoptr(PupCache) cache = pup_cache_new(4500);

    favour(cache, 1);
    put(cache, 1, 1000);
    put(cache, 2, 1000);
    favour(cache, 2);
    put(cache, 3, 1000);
    for (unsigned i = 4; i < 10; i++)
        put(cache, i, 1000);
    assert_true(has(cache, 1));
    assert_true(has(cache, 2));
    assert_false(has(cache, 3));
    assert_true(has(cache, 9));
}

/* Where all are favoured, the oldest of them goes, and what is new is kept. */
static void
test_favoured_goes_when_nothing_else_is_left(void **state)
{
    g_autoptr(PupCache) cache = pup_cache_new(2700);

    favour(cache, 1);
    favour(cache, 2);
    put(cache, 1, 1000);
    put(cache, 2, 1000);
    put(cache, 3, 1000);
    assert_false(has(cache, 1));
    assert_true(has(cache, 2));
    assert_true(has(cache, 3));
}

static void
test_favouring_counts_into_the_bound(void **state)
{
    g_autoptr(PupCache) cache = pup_cache_new(3000);

    put(cache, 1, 1000);
    put(cache, 2, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        favour(cache, i);
        assert_in_range(pup_cache_bytes(cache), 1, 3000);
    }
    put(cache, 3, 1000);
    assert_in_range(pup_cache_bytes(cache), 1, 3000);
}

static void
take_away(PupCache *cache, unsigned i)
{
    PupName name = name_of(i);

    pup_cache_remove(cache, &name);
}

static void *
hammer(void *user)
{
    PupCache *cache = user;
    GRand *rand = g_rand_new_with_seed(g_direct_hash(&cache));
    size_t worst = 0;

    for (unsigned i = 0; i < N_ROUNDS; i++) {
        unsigned key = (unsigned) g_rand_int_range(rand, 0, 200);
        if (i % 3 == 0)
            put(cache, key, 1 + key * 5);
        else if (i % 31 == 0)
            favour(cache, key % 10);
        else if (i % 37 == 0)
            take_away(cache, key);
        else
            has(cache, key);
        worst = MAX(worst, pup_cache_bytes(cache));
    }
    g_rand_free(rand);
    return GSIZE_TO_POINTER(worst);
}

static void
test_bound_holds_under_concurrent_use(void **state)
{
    g_autoptr(PupCache) cache = pup_cache_new(BOUND_BYTES);
    pthread_t threads[N_THREADS];

    for (unsigned i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, cache), 0);
    for (unsigned i = 0; i < N_THREADS; i++) {
        void *worst;
        pthread_join(threads[i], &worst);
        assert_in_range(GPOINTER_TO_SIZE(worst), 1, BOUND_BYTES);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_recently_used_goes_first),
        cmocka_unit_test(test_replaces_and_removes),
        cmocka_unit_test(test_does_not_keep_what_is_larger_than_itself),
        cmocka_unit_test(test_nothing_is_kept_in_none),
        cmocka_unit_test(test_favoured_goes_last),
        cmocka_unit_test(test_favoured_goes_when_nothing_else_is_left),
        cmocka_unit_test(test_favouring_counts_into_the_bound),
        cmocka_unit_test(test_reader_keeps_buffer),
        cmocka_unit_test(test_pool_gives_the_same_buffer_again),
        cmocka_unit_test(test_bound_holds_under_concurrent_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
