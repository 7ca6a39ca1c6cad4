/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The walk through a boot profile over a source in memory: what it gets, in which order,
 * and that it stops where it should.
 */
#include "config.h"

#include <pthread.h>

#include "tests/unit/unit.h"

#include "client-image/stream/disk.h"
#include "client-image/stream/prefetch.h"
#include "tests/unit/fake-source.h"

#define N_CHUNKS 40u
/* Whatever this machine's CPU names fastest. */
#define BATCH 16u
#define DEADLINE_US (120 * G_USEC_PER_SEC)

typedef struct {
    FakeSource *fake; /* belongs to supply */
    PupReport *report;
    PupSupply *supply;
    PupPages *pages;
    PupPrefetch *prefetch;
    gint n_own; /* positions below it are ours, atomic */
} Fixture;

static gboolean
not_each_seventh(guint64 index)
{
    return index % 7 != 0;
}

static gboolean
owns(gpointer user, const PupName *name)
{
    Fixture *f = user;
    gint n_own = g_atomic_int_get(&f->n_own);

    for (gint i = 0; i < n_own; i++) {
        PupName own = fake_source_name(f->fake, (guint64) i);
        if (pup_name_equal(&own, name))
            return TRUE;
    }
    return FALSE;
}

static gboolean
step(gpointer user)
{
    Fixture *f = user;

    return pup_prefetch_step(f->prefetch, g_get_monotonic_time());
}

/* A supply with @cache_bytes and @n_threads, and a walk through all chunks, @max_lead at
 * most before the guest. */
static Fixture *
fixture_new_walk(size_t cache_bytes, unsigned n_threads, gint n_own, unsigned max_lead)
{
    Fixture *f = g_new0(Fixture, 1);
    PupSupplyConfig config = {
        .encoded_max_bytes = cache_bytes,
        .plain_max_bytes = 1,
        .n_threads = n_threads,
        .batch = BATCH,
    };
    PupPrefetchConfig walk = {
        .owns = owns, .user = f, .max_own = 1, .max_lead = max_lead};
    g_autoptr(GArray) positions = g_array_new(FALSE, FALSE, sizeof(guint32));

    for (guint32 i = 0; i < N_CHUNKS; i++)
        g_array_append_val(positions, i);
    f->n_own = n_own;
    f->fake = fake_source_new(N_CHUNKS * PUP_CHUNK_BYTES, not_each_seventh);
    f->report = pup_report_new(NULL);
    config.source = &f->fake->source;
    config.report = f->report;
    f->supply = pup_supply_new(&config);
    f->pages = pup_pages_new(fake_source_bare_map(f->fake), f->supply);
    walk.pages = f->pages;
    walk.supply = f->supply;
    f->prefetch = pup_prefetch_new(&walk, positions);
    return f;
}

static Fixture *
fixture_new(size_t cache_bytes, unsigned n_threads, gint n_own)
{
    return fixture_new_walk(cache_bytes, n_threads, n_own, 0);
}

static void
fixture_free(Fixture *f)
{
    pup_supply_set_idle(f->supply, NULL, NULL);
    pup_pages_free(f->pages);
    pup_supply_free(f->supply);
    pup_prefetch_free(f->prefetch);
    pup_report_free(f->report);
    g_free(f);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fixture, fixture_free)

static gboolean
has(Fixture *f, guint64 index)
{
    PupName name = fake_source_name(f->fake, index);

    return pup_supply_has(f->supply, &name);
}

static void
wait_until_done(Fixture *f)
{
    gint64 until_us = g_get_monotonic_time() + DEADLINE_US;

    while (!pup_prefetch_is_done(f->prefetch)) {
        assert_true(g_get_monotonic_time() < until_us);
        g_usleep(1000);
    }
}

static void
test_gets_all(void **state)
{
    g_autoptr(Fixture) f = fixture_new(8u << 20, 3, 10);
    guint n_chunks, n_present;

    pup_prefetch_coverage(f->prefetch, &n_chunks, &n_present);
    assert_int_equal(n_chunks, 0);
    pup_supply_set_idle(f->supply, step, f);
    wait_until_done(f);
    for (guint64 i = 0; i < N_CHUNKS; i++)
        assert_int_equal(has(f, i), not_each_seventh(i));
    pup_prefetch_coverage(f->prefetch, &n_chunks, &n_present);
    assert_int_equal(n_chunks, N_CHUNKS - 6);
    assert_int_equal(n_present, n_chunks);
    /* Each of them, and the map's page. */
    assert_int_equal(f->fake->n_gets, N_CHUNKS - 6 + 1);
}

/* One own chunk at a time, the others' on the threads that are left. */
static void
test_own_and_others_side_by_side(void **state)
{
    g_autoptr(Fixture) f = fixture_new(8u << 20, 1, 20);
    PupName page = *pup_chunk_map_page_name(f->fake->map, 0);

    g_atomic_int_set(&f->fake->hold, 1);
    assert_false(pup_prefetch_step(f->prefetch, g_get_monotonic_time()));
    assert_true(pup_supply_is_coming(f->supply, &page));
    g_atomic_int_set(&f->fake->hold, 0);
    pup_buffer_unref(pup_supply_get(f->supply, &page, NULL));
    g_atomic_int_set(&f->fake->hold, 1);
    /* One thread: nothing of what is LATER runs, all stays asked for. */
    assert_true(pup_prefetch_step(f->prefetch, g_get_monotonic_time()));
    assert_true(pup_prefetch_step(f->prefetch, g_get_monotonic_time()));
    assert_true(pup_prefetch_step(f->prefetch, g_get_monotonic_time()));
    for (guint64 i = 0; i < N_CHUNKS; i++) {
        PupName name = fake_source_name(f->fake, i);
        gboolean asked = i == 1 || i == 20 || i == 22;
        if (not_each_seventh(i))
            assert_int_equal(pup_supply_is_coming(f->supply, &name), asked);
    }
    g_atomic_int_set(&f->fake->hold, 0);
}

/* A neighbour leaves when its chunks were passed already. */
static void
test_what_became_ours_is_not_forgotten(void **state)
{
    g_autoptr(Fixture) f = fixture_new(8u << 20, 3, 0);
    PupName page = *pup_chunk_map_page_name(f->fake->map, 0);

    pup_buffer_unref(pup_supply_get(f->supply, &page, NULL));
    assert_true(pup_prefetch_step(f->prefetch,
                                  g_get_monotonic_time())); /* passes all as not ours */
    g_atomic_int_set(&f->n_own, (gint) N_CHUNKS);
    pup_supply_set_idle(f->supply, step, f);
    wait_until_done(f);
    for (guint64 i = 0; i < N_CHUNKS; i++)
        assert_int_equal(has(f, i), not_each_seventh(i));
}

/* What is named together with others and is wrong is dropped like anything else, and so
 * is what could not be got: both are asked for again. */
static void
test_comes_back_for_what_failed(void **state)
{
    g_autoptr(Fixture) f = fixture_new(8u << 20, 4, 10);
    PupName page = *pup_chunk_map_page_name(f->fake->map, 0);
    gint64 until_us = g_get_monotonic_time() + DEADLINE_US;
    guint n_chunks, n_present = 0;

    pup_buffer_unref(pup_supply_get(f->supply, &page, NULL));
    g_atomic_int_set(&f->fake->n_spoil, 5);
    g_atomic_int_set(&f->fake->n_swap, 15);
    g_atomic_int_set(&f->fake->n_fail, 5);
    pup_supply_set_idle(f->supply, step, f);
    do {
        assert_true(g_get_monotonic_time() < until_us);
        g_usleep(10000);
        pup_supply_wake(f->supply);
        pup_prefetch_coverage(f->prefetch, &n_chunks, &n_present);
    } while (n_present < n_chunks);
    for (guint64 i = 0; i < N_CHUNKS; i++) {
        PupName name = fake_source_name(f->fake, i);
        g_autoptr(PupBuffer) plain = pup_supply_peek(f->supply, &name);
        assert_int_equal(plain != NULL, not_each_seventh(i));
        if (plain)
            assert_memory_equal(plain->data, f->fake->disk + i * PUP_CHUNK_BYTES,
                                PUP_CHUNK_BYTES);
    }
}

static void *
get_first(void *user)
{
    Fixture *f = user;
    PupName name = fake_source_name(f->fake, 1);

    return pup_supply_get(f->supply, &name, NULL);
}

/* It was foreseen, and came to be wanted while it was on its way: it does not wait for
 * others to be checked with, while the threads that could do that are busy. */
static void
test_wanted_meanwhile_is_checked_at_once(void **state)
{
    g_autoptr(Fixture) f = fixture_new(8u << 20, 2, 0);
    gint64 until_us = g_get_monotonic_time() + DEADLINE_US;
    PupName first = fake_source_name(f->fake, 1), second = fake_source_name(f->fake, 2);
    PupName third = fake_source_name(f->fake, 3);
    g_autoptr(PupBuffer) plain = NULL;
    pthread_t reader;

    g_atomic_int_set(&f->fake->hold, 1);
    pup_supply_ask(f->supply, &first, PUP_FETCH_LATER);
    pup_supply_ask(f->supply, &second, PUP_FETCH_LATER);
    pup_supply_ask(f->supply, &third, PUP_FETCH_NOW);
    while (g_atomic_int_get(&f->fake->n_holding) < 2)
        g_usleep(100);
    assert_int_equal(pthread_create(&reader, NULL, get_first, f), 0);
    g_usleep(100000); /* it waits now, or else it will find it parked */
    f->fake->freed = first;
    g_atomic_int_set(&f->fake->frees, 1);
    while (!has(f, 1)) {
        assert_true(g_get_monotonic_time() < until_us);
        g_usleep(1000);
    }
    pthread_join(reader, (void **) &plain);
    assert_memory_equal(plain->data, f->fake->disk + PUP_CHUNK_BYTES, PUP_CHUNK_BYTES);
    g_atomic_int_set(&f->fake->hold, 0);
}

/* How many chunks a walk asks for that is stepped at @now_us until it has enough. */
static guint
count_steps(Fixture *f, gint64 now_us)
{
    guint n = 0;

    while (pup_prefetch_step(f->prefetch, now_us))
        n++;
    return n;
}

static void
test_stays_close_to_a_guest_that_moves(void **state)
{
    g_autoptr(Fixture) f = fixture_new_walk(8u << 20, 1, 0, 8);
    PupName page = *pup_chunk_map_page_name(f->fake->map, 0);
    gint64 now_us = 5 * G_USEC_PER_SEC;

    pup_buffer_unref(pup_supply_get(f->supply, &page, NULL));
    /* It reads 0 to 2: 1 to 10 are asked for, 7 is zeros. */
    assert_false(pup_prefetch_begin_read(f->prefetch, 0, 2));
    assert_int_equal(count_steps(f, now_us), 9);
    assert_int_equal(count_steps(f, now_us), 0);
    /* It waits for long: it does not rest. */
    now_us += PUP_PREFETCH_REST_US;
    assert_int_equal(count_steps(f, now_us), 0);
    pup_prefetch_end_read(f->prefetch, 0, 2, now_us);
    /* What it reads again, or elsewhere, moves nothing. */
    assert_false(pup_prefetch_begin_read(f->prefetch, 0, 2));
    assert_false(pup_prefetch_begin_read(f->prefetch, N_CHUNKS, N_CHUNKS + 5));
    pup_prefetch_end_read(f->prefetch, 0, 2, now_us);
    /* Some are gathered, then it is worth while. */
    assert_false(pup_prefetch_begin_read(f->prefetch, 3, 4));
    assert_true(pup_prefetch_begin_read(f->prefetch, 5, 5));
    assert_false(pup_prefetch_begin_read(f->prefetch, 6, 6));
    assert_int_equal(count_steps(f, now_us), 3);
    pup_prefetch_end_read(f->prefetch, 5, 6, now_us);
    pup_prefetch_end_read(f->prefetch, 3, 4, now_us);
    assert_int_equal(count_steps(f, now_us + PUP_PREFETCH_REST_US - 1), 0);
    /* It rests: all that is left. */
    assert_int_equal(count_steps(f, now_us + PUP_PREFETCH_REST_US), N_CHUNKS - 6 - 9 - 3);
}

static void
wait_until_nothing_comes(Fixture *f)
{
    gint64 until_us = g_get_monotonic_time() + DEADLINE_US;

    for (guint64 i = 0; i < N_CHUNKS;) {
        PupName name = fake_source_name(f->fake, i);
        if (pup_supply_is_coming(f->supply, &name)) {
            assert_true(g_get_monotonic_time() < until_us);
            g_usleep(1000);
        } else {
            i++;
        }
    }
}

/* Also before the end, where the walk waits for a guest that waits for the server. */
static void
test_comes_back_before_a_guest_that_moves(void **state)
{
    g_autoptr(Fixture) f = fixture_new_walk(8u << 20, 2, 0, 8);
    PupName page = *pup_chunk_map_page_name(f->fake->map, 0);
    gint64 now_us = 5 * G_USEC_PER_SEC;

    pup_buffer_unref(pup_supply_get(f->supply, &page, NULL));
    pup_prefetch_begin_read(f->prefetch, 0, 2);
    /* Of 1 to 10 all fail; the first two the guest has passed. */
    g_atomic_int_set(&f->fake->n_fail, 9);
    assert_int_equal(count_steps(f, now_us), 9);
    wait_until_nothing_comes(f);
    assert_int_equal(count_steps(f, now_us), 0);
    now_us += 60 * G_USEC_PER_SEC;
    assert_int_equal(count_steps(f, now_us), 7);
    wait_until_nothing_comes(f);
    assert_int_equal(count_steps(f, now_us + 60 * G_USEC_PER_SEC), 0);
    assert_true(has(f, 3) && has(f, 10) && !has(f, 1));
}

typedef struct {
    gint n_running, n_begun; /* atomic */
} Slow;

static gboolean
step_slowly(gpointer user)
{
    Slow *slow = user;

    g_atomic_int_inc(&slow->n_running);
    g_atomic_int_inc(&slow->n_begun);
    g_usleep(100000);
    g_atomic_int_add(&slow->n_running, -1);
    return FALSE;
}

/* Who takes his walk away may free it: no thread is in it any more. */
static void
test_no_step_after_it_was_taken_away(void **state)
{
    g_autoptr(Fixture) f = fixture_new(8u << 20, 3, 0);
    gint64 until_us = g_get_monotonic_time() + DEADLINE_US;
    Slow slow = {0, 0};

    pup_supply_set_idle(f->supply, step_slowly, &slow);
    while (g_atomic_int_get(&slow.n_begun) == 0) {
        assert_true(g_get_monotonic_time() < until_us);
        g_usleep(1000);
    }
    pup_supply_set_idle(f->supply, NULL, NULL);
    assert_int_equal(g_atomic_int_get(&slow.n_running), 0);
}

/* How much memory @n of its chunks take, more or less: they compress well. */
static size_t
memory_for(const FakeSource *fake, unsigned n)
{
    PupName name = fake_source_name(fake, 1);

    return n * (g_bytes_get_size(g_hash_table_lookup(fake->encodeds, &name)) + 200);
}

static void
test_stops_before_memory_is_full(void **state)
{
    g_autoptr(Fixture) large = fixture_new(8u << 20, 1, 0);
    g_autoptr(Fixture) f = fixture_new(memory_for(large->fake, 20), 2, 0);
    gint n_gets = -1;

    pup_supply_set_idle(f->supply, step, f);
    while (n_gets != g_atomic_int_get(&f->fake->n_gets)) {
        n_gets = g_atomic_int_get(&f->fake->n_gets);
        g_usleep(100000);
    }
    assert_false(pup_supply_has_room(f->supply));
    assert_in_range(n_gets, 8, 20);
    assert_true(has(f, 1));
    assert_false(has(f, N_CHUNKS - 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gets_all),
        cmocka_unit_test(test_own_and_others_side_by_side),
        cmocka_unit_test(test_what_became_ours_is_not_forgotten),
        cmocka_unit_test(test_comes_back_for_what_failed),
        cmocka_unit_test(test_wanted_meanwhile_is_checked_at_once),
        cmocka_unit_test(test_stays_close_to_a_guest_that_moves),
        cmocka_unit_test(test_comes_back_before_a_guest_that_moves),
        cmocka_unit_test(test_no_step_after_it_was_taken_away),
        cmocka_unit_test(test_stops_before_memory_is_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
