/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The whole reading side over a source in memory: pages, flights, caches, retry.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "client-image/common/notify.h"
#include "client-image/stream/disk.h"
#include "lib/error.h"
#include "tests/unit/fake-source.h"

/* Not a multiple of a chunk. */
#define SMALL_BYTES (20u * PUP_CHUNK_BYTES + 5000u)
#define DEADLINE_US (120 * G_USEC_PER_SEC)

typedef struct {
    FakeSource *fake; /* belongs to supply */
    PupReport *report;
    PupSupply *supply;
    PupDisk *disk;
    char *notify_path;
    int notify_fd;
} Fixture;

typedef struct {
    guint64 disk_bytes;
    size_t cache_bytes;
    unsigned n_threads;
    unsigned ahead_chunks;
    gboolean (*is_data)(guint64 index);
} Setup;

static gboolean
not_each_seventh(guint64 index)
{
    return index % 7 != 0;
}

static gboolean
two_a_page(guint64 index)
{
    return index % PUP_PAGE_NAMES <= 1;
}

static const Setup usual = {SMALL_BYTES, 8u << 20, 3, 8, not_each_seventh};

static Fixture *
fixture_new(const Setup *setup)
{
    Fixture *f = g_new0(Fixture, 1);
    PupSupplyConfig config = {
        .encoded_max_bytes = setup->cache_bytes,
        .plain_max_bytes = setup->cache_bytes / 4,
        .n_threads = setup->n_threads,
    };
    PupDiskConfig disk = {.max_ahead = setup->ahead_chunks, .keep_chunks = 1000};

    f->notify_path =
        g_strdup_printf("%s/pup-test-%d.sock", g_get_tmp_dir(), (int) getpid());
    f->notify_fd = pup_notify_listen(f->notify_path, NULL);
    f->fake = fake_source_new(setup->disk_bytes, setup->is_data);
    f->report = pup_report_new(f->notify_path);
    config.source = &f->fake->source;
    config.report = f->report;
    f->supply = pup_supply_new(&config);
    disk.pages = pup_pages_new(fake_source_bare_map(f->fake), f->supply);
    disk.supply = f->supply;
    f->disk = pup_disk_new(&disk);
    return f;
}

static void
fixture_free(Fixture *f)
{
    pup_disk_free(f->disk);
    pup_supply_free(f->supply);
    pup_report_free(f->report);
    close(f->notify_fd);
    g_unlink(f->notify_path);
    g_free(f->notify_path);
    g_free(f);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fixture, fixture_free)

static gboolean
yes(void)
{
    return TRUE;
}

static gboolean
no(void)
{
    return FALSE;
}

static void
check_read(Fixture *f, guint64 offset, guint32 count)
{
    g_autofree guint8 *buf = g_malloc(count + 1);

    buf[count] = 0x5a;
    assert_true(pup_disk_read(f->disk, buf, count, offset, yes, NULL));
    assert_memory_equal(buf, f->fake->disk + offset, count);
    assert_int_equal(buf[count], 0x5a);
}

static void
wait_until_at_least(const gint *what, gint value)
{
    gint64 until_us = g_get_monotonic_time() + DEADLINE_US;

    while (g_atomic_int_get(what) < value) {
        assert_true(g_get_monotonic_time() < until_us);
        g_usleep(500);
    }
}

static void
expect_notice(Fixture *f, const char *prefix)
{
    gint64 until_us = g_get_monotonic_time() + DEADLINE_US;
    char line[PUP_NOTIFY_MAX + 1];

    while (!pup_notify_receive(f->notify_fd, line)) {
        assert_true(g_get_monotonic_time() < until_us);
        g_usleep(500);
    }
    if (!g_str_has_prefix(line, prefix))
        fail_msg("expected '%s', got '%s'", prefix, line);
}

static void
test_reads_are_exact(void **state)
{
    g_autoptr(Fixture) f = fixture_new(&usual);
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);

    check_read(f, 0, SMALL_BYTES);
    check_read(f, SMALL_BYTES - 1, 1);
    check_read(f, 5, 0);
    for (unsigned i = 0; i < 200; i++) {
        guint32 offset = (guint32) g_rand_int_range(rand, 0, SMALL_BYTES);
        check_read(
            f, offset,
            (guint32) g_rand_int_range(rand, 0, (gint32) (SMALL_BYTES - offset + 1)));
    }
}

/* With memory for one encoded chunk and no plain one, everything is fetched again and
 * again, and still right. */
static void
test_tiny_cache(void **state)
{
    const Setup setup = {SMALL_BYTES, 4000, 2, 4, not_each_seventh};
    g_autoptr(Fixture) f = fixture_new(&setup);

    for (unsigned i = 0; i < 3; i++)
        check_read(f, 0, SMALL_BYTES);
}

static void
test_memory_serves_the_second_read(void **state)
{
    g_autoptr(Fixture) f = fixture_new(&usual);
    gint n_gets;

    check_read(f, 0, SMALL_BYTES);
    n_gets = g_atomic_int_get(&f->fake->n_gets);
    /* 21 chunks of which 3 are zeros, and the page. */
    assert_int_equal(n_gets, 19);
    check_read(f, 0, SMALL_BYTES);
    assert_int_equal(g_atomic_int_get(&f->fake->n_gets), n_gets);
}

/* A disk of three pages: only those that a read touches are fetched. */
static void
test_pages_are_loaded_when_touched(void **state)
{
    const Setup setup = {2 * PUP_PAGE_COVERS_BYTES + PUP_CHUNK_BYTES, 8u << 20, 2, 0,
                         two_a_page};
    g_autoptr(Fixture) f = fixture_new(&setup);

    assert_int_equal(g_atomic_int_get(&f->fake->n_gets), 0);
    check_read(f, PUP_PAGE_COVERS_BYTES + 3 * PUP_CHUNK_BYTES, PUP_CHUNK_BYTES);
    assert_int_equal(g_atomic_int_get(&f->fake->n_gets), 1);
    check_read(f, PUP_PAGE_COVERS_BYTES - 10, 20);
    assert_int_equal(g_atomic_int_get(&f->fake->n_gets), 3);
    check_read(f, 2 * PUP_PAGE_COVERS_BYTES, PUP_CHUNK_BYTES);
    assert_int_equal(g_atomic_int_get(&f->fake->n_gets), 5);
    check_read(f, PUP_PAGE_COVERS_BYTES - 10, 20);
    assert_int_equal(g_atomic_int_get(&f->fake->n_gets), 5);
}

static void
test_failures_are_retried(void **state)
{
    g_autoptr(Fixture) f = fixture_new(&usual);

    g_atomic_int_set(&f->fake->n_fail, 6);
    check_read(f, 0, SMALL_BYTES);
    assert_int_equal(f->fake->n_corrupt, 0);
}

static void
test_wrong_bytes_are_dropped_and_retried(void **state)
{
    g_autoptr(Fixture) f = fixture_new(&usual);

    g_atomic_int_set(&f->fake->n_spoil, 3);
    check_read(f, 0, SMALL_BYTES);
    assert_int_equal(g_atomic_int_get(&f->fake->n_corrupt), 3);
    expect_notice(f, "stream corrupt chunk ");
}

static void
test_first_chunk_is_told_once(void **state)
{
    g_autoptr(Fixture) f = fixture_new(&usual);
    char line[PUP_NOTIFY_MAX + 1];

    check_read(f, 0, SMALL_BYTES);
    expect_notice(f, "stream first-chunk");
    assert_false(pup_notify_receive(f->notify_fd, line));
}

typedef struct {
    Fixture *f;
    guint64 offset;
    gint done;
} Reader;

static void *
read_one(void *user)
{
    Reader *reader = user;
    guint8 byte = 0;

    if (pup_disk_read(reader->f->disk, &byte, 1, reader->offset, yes, NULL) &&
        byte == reader->f->fake->disk[reader->offset])
        g_atomic_int_set(&reader->done, 1);
    return NULL;
}

/* One chunk that is damaged for good holds up who reads it, nobody else: even with a
 * single thread. */
static void
test_cursed_chunk_does_not_starve_others(void **state)
{
    const Setup setup = {SMALL_BYTES, 8u << 20, 1, 0, not_each_seventh};
    g_autoptr(Fixture) f = fixture_new(&setup);
    Reader reader = {f, 3 * PUP_CHUNK_BYTES, 0};
    pthread_t thread;

    check_read(f, PUP_CHUNK_BYTES, 1);
    expect_notice(f, "stream first-chunk");
    f->fake->cursed = fake_source_name(f->fake, 3);
    pthread_create(&thread, NULL, read_one, &reader);
    wait_until_at_least(&f->fake->n_corrupt, 2);
    check_read(f, 4 * PUP_CHUNK_BYTES, 2 * PUP_CHUNK_BYTES);
    assert_false(g_atomic_int_get(&reader.done));
    g_atomic_int_set(&f->fake->hold, 1);
    wait_until_at_least(&f->fake->n_holding, 1);
    memset(&f->fake->cursed, 0, sizeof f->fake->cursed);
    g_atomic_int_set(&f->fake->hold, 0);
    pthread_join(thread, NULL);
    assert_true(reader.done);
}

static void
test_outage_is_told(void **state)
{
    g_autoptr(Fixture) f = fixture_new(&usual);
    Reader reader = {f, 3 * PUP_CHUNK_BYTES, 0};
    pthread_t thread;

    check_read(f, PUP_CHUNK_BYTES, 1);
    expect_notice(f, "stream first-chunk");
    g_atomic_int_set(&f->fake->n_fail, G_MAXINT / 2);
    pthread_create(&thread, NULL, read_one, &reader);
    expect_notice(f, "stream waiting told to fail");
    g_atomic_int_set(&f->fake->n_fail, 0);
    expect_notice(f, "stream resumed");
    pthread_join(thread, NULL);
    assert_true(reader.done);
}

static void
test_crowd_makes_one_get(void **state)
{
    g_autoptr(Fixture) f = fixture_new(&usual);
    Reader readers[6];
    pthread_t threads[G_N_ELEMENTS(readers)];
    gint n_gets;

    check_read(f, PUP_CHUNK_BYTES, 1);
    n_gets = g_atomic_int_get(&f->fake->n_gets);
    g_atomic_int_set(&f->fake->hold, 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(readers); i++) {
        readers[i] = (Reader){f, 10 * PUP_CHUNK_BYTES + i, 0};
        pthread_create(&threads[i], NULL, read_one, &readers[i]);
    }
    wait_until_at_least(&f->fake->n_holding, 1);
    g_usleep(20000);
    g_atomic_int_set(&f->fake->hold, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(readers); i++) {
        pthread_join(threads[i], NULL);
        assert_true(readers[i].done);
    }
    assert_int_equal(g_atomic_int_get(&f->fake->n_gets), n_gets + 1);
}

/* All that may run ahead runs; a read finds a thread all the same. */
static void
test_read_overtakes_ahead(void **state)
{
    g_autoptr(Fixture) f = fixture_new(&usual);
    Reader reader = {f, 20 * PUP_CHUNK_BYTES, 0};
    pthread_t thread;

    check_read(f, PUP_CHUNK_BYTES, 1);
    g_atomic_int_set(&f->fake->hold, 1);
    pup_disk_ask(f->disk, 10 * PUP_CHUNK_BYTES, 2 * PUP_CHUNK_BYTES);
    wait_until_at_least(&f->fake->n_holding, 2);
    pthread_create(&thread, NULL, read_one, &reader);
    wait_until_at_least(&f->fake->n_holding, 3);
    g_atomic_int_set(&f->fake->hold, 0);
    pthread_join(thread, NULL);
    assert_true(reader.done);
}

typedef struct {
    gint n_came;
    gint n_missed;
    size_t len;
} Asker;

static void
note_encoded(gpointer user, PupBuffer *encoded)
{
    Asker *asker = user;

    if (encoded)
        asker->len = encoded->len;
    g_atomic_int_inc(encoded ? &asker->n_came : &asker->n_missed);
}

/* What other seats ask for: one fetch for all of them and our own read. */
static void
test_encoded_joins_the_fetch(void **state)
{
    g_autoptr(Fixture) f = fixture_new(&usual);
    PupName name = fake_source_name(f->fake, 3);
    g_autoptr(PupBuffer) encoded = NULL;
    Asker asker = {0};

    g_atomic_int_set(&f->fake->hold, 1);
    assert_null(pup_supply_encoded(f->supply, &name, NULL, NULL));
    assert_null(pup_supply_encoded(f->supply, &name, note_encoded, &asker));
    assert_null(pup_supply_encoded(f->supply, &name, note_encoded, &asker));
    wait_until_at_least(&f->fake->n_holding, 1);
    g_atomic_int_set(&f->fake->hold, 0);
    wait_until_at_least(&asker.n_came, 2);
    encoded = pup_supply_encoded(f->supply, &name, note_encoded, &asker);
    assert_non_null(encoded);
    assert_int_equal(encoded->len, asker.len);
    assert_int_equal(g_atomic_int_get(&f->fake->n_gets), 1);
    check_read(f, 3 * PUP_CHUNK_BYTES, 1);
    assert_int_equal(g_atomic_int_get(&f->fake->n_gets), 2); /* the page */
    assert_int_equal(asker.n_came, 2);
    assert_int_equal(asker.n_missed, 0);
}

/* Everybody who asked is told that nothing comes: after a failure, and at the end. */
static void
test_encoded_is_always_told(void **state)
{
    Fixture *f = fixture_new(&usual);
    PupName failing = fake_source_name(f->fake, 3);
    PupName late = fake_source_name(f->fake, 4);
    Asker asker = {0};

    g_atomic_int_set(&f->fake->n_fail, 1);
    pup_supply_encoded(f->supply, &failing, note_encoded, &asker);
    wait_until_at_least(&asker.n_missed, 1);
    g_atomic_int_set(&f->fake->n_fail, G_MAXINT / 2);
    pup_supply_ask(f->supply, &late, PUP_FETCH_NOW);
    pup_supply_encoded(f->supply, &late, note_encoded, &asker);
    fixture_free(f);
    assert_int_equal(asker.n_missed, 2);
    assert_int_equal(asker.n_came, 0);
}

static void
test_unwanted_read_ends(void **state)
{
    g_autoptr(Fixture) f = fixture_new(&usual);
    g_autoptr(GError) error = NULL;
    guint8 byte;

    g_atomic_int_set(&f->fake->n_fail, G_MAXINT / 2);
    assert_false(pup_disk_read(f->disk, &byte, 1, PUP_CHUNK_BYTES, no, &error));
    assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_BUSY));
}

static void
test_extents(void **state)
{
    g_autoptr(Fixture) f = fixture_new(&usual);
    gboolean is_hole = TRUE;

    /* Nothing is known before the page is loaded. */
    assert_int_equal(pup_disk_extent(f->disk, SMALL_BYTES, 0, &is_hole), SMALL_BYTES);
    assert_false(is_hole);
    check_read(f, 0, 1);
    assert_int_equal(pup_disk_extent(f->disk, SMALL_BYTES, 0, &is_hole), PUP_CHUNK_BYTES);
    assert_true(is_hole);
    assert_int_equal(pup_disk_extent(f->disk, SMALL_BYTES - PUP_CHUNK_BYTES - 10,
                                     PUP_CHUNK_BYTES + 10, &is_hole),
                     6 * PUP_CHUNK_BYTES - 10);
    assert_false(is_hole);
    assert_int_equal(pup_disk_extent(f->disk, 100, SMALL_BYTES - 100, &is_hole), 100);
    assert_false(is_hole);
}

/* Chunk 1 belongs to the boot profile: reading all the rest does not push it out. */
static void
test_boot_profile_stays_in_memory(void **state)
{
    static const Setup small = {SMALL_BYTES, 8000, 1, 0, not_each_seventh};
    g_autoptr(Fixture) f = fixture_new(&small);
    PupName name = fake_source_name(f->fake, 1);
    gint n_gets;

    pup_supply_favour(f->supply, &name);
    check_read(f, PUP_CHUNK_BYTES, 10);
    n_gets = f->fake->n_gets;
    check_read(f, 0, SMALL_BYTES);
    check_read(f, 2 * PUP_CHUNK_BYTES, 10);
    assert_true(f->fake->n_gets > n_gets + 17);
    n_gets = f->fake->n_gets;
    check_read(f, PUP_CHUNK_BYTES, 10);
    assert_int_equal(f->fake->n_gets, n_gets);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_are_exact),
        cmocka_unit_test(test_tiny_cache),
        cmocka_unit_test(test_memory_serves_the_second_read),
        cmocka_unit_test(test_pages_are_loaded_when_touched),
        cmocka_unit_test(test_failures_are_retried),
        cmocka_unit_test(test_wrong_bytes_are_dropped_and_retried),
        cmocka_unit_test(test_first_chunk_is_told_once),
        cmocka_unit_test(test_cursed_chunk_does_not_starve_others),
        cmocka_unit_test(test_outage_is_told),
        cmocka_unit_test(test_crowd_makes_one_get),
        cmocka_unit_test(test_read_overtakes_ahead),
        cmocka_unit_test(test_encoded_joins_the_fetch),
        cmocka_unit_test(test_encoded_is_always_told),
        cmocka_unit_test(test_unwanted_read_ends),
        cmocka_unit_test(test_extents),
        cmocka_unit_test(test_boot_profile_stays_in_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
