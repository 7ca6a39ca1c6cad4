/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The disk cache: what it keeps across restarts, and what it lets go when it is full. */
#include "config.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client-image/stream/source.h"
#include "tests/unit/fake-source.h"

#define MAX_BYTES PUP_DISK_CACHE_MIN_BYTES
/* 64 of them are a segment of so small a cache. */
#define LENGTH 16000u
#define DEADLINE_US (120 * G_USEC_PER_SEC)
#define N_THREADS 4u

typedef struct {
    char *dir;
    PupReport *report;
    PupDiskCache *cache;
} Fixture;

static PupName
name_of(unsigned i)
{
    PupName name;

    pup_name_of(&i, sizeof i, &name);
    return name;
}

static void
open_cache(Fixture *f, guint64 max_bytes)
{
    const PupDiskCacheConfig config = {f->dir, max_bytes, f->report};
    g_autoptr(GError) error = NULL;

    f->cache = pup_disk_cache_open(&config, &error);
    unit_assert_no_error(error);
}

static void
close_cache(Fixture *f)
{
    g_clear_pointer(&f->cache, pup_disk_cache_free);
}

static void
restart(Fixture *f)
{
    close_cache(f);
    open_cache(f, MAX_BYTES);
}

static void
assert_cannot_open(Fixture *f, PupErrorCode code, const char *part)
{
    const PupDiskCacheConfig config = {f->dir, MAX_BYTES, f->report};
    g_autoptr(GError) error = NULL;

    assert_null(pup_disk_cache_open(&config, &error));
    unit_assert_error(&error, code, part);
}

static void
put(Fixture *f, unsigned i)
{
    g_autoptr(PupBuffer) buffer = pup_buffer_new(LENGTH);
    PupName name = name_of(i);

    memset(buffer->data, (int) i, LENGTH);
    pup_disk_cache_put(f->cache, &name, buffer);
}

static gboolean
has(Fixture *f, unsigned i)
{
    PupName name = name_of(i);

    return pup_disk_cache_has(f->cache, &name);
}

/* TRUE when @i is there, with the bytes that put() gave it. */
static gboolean
get(Fixture *f, unsigned i)
{
    g_autofree guint8 *data = g_malloc(PUP_CHUNK_ENCODED_MAX);
    PupName name = name_of(i);
    size_t len;

    if (!pup_disk_cache_get(f->cache, &name, data, &len))
        return FALSE;
    assert_int_equal(len, LENGTH);
    for (size_t at = 0; at < len; at++)
        assert_int_equal(data[at], (guint8) i);
    return TRUE;
}

static PupDiskCacheStats
stats_of(Fixture *f)
{
    PupDiskCacheStats stats;

    pup_disk_cache_stats(f->cache, &stats);
    return stats;
}

/* Put and wait until it is written: a queue that is full drops. */
static void
put_and_wait(Fixture *f, unsigned i)
{
    gint64 deadline_us = g_get_monotonic_time() + DEADLINE_US;

    put(f, i);
    while (!has(f, i)) {
        assert_true(g_get_monotonic_time() < deadline_us);
        g_usleep(50);
    }
    assert_true(stats_of(f).bytes <= MAX_BYTES);
}

static char *
segment_path(Fixture *f, unsigned number)
{
    return g_strdup_printf("%s/pupitre-cache/%016x.segment", f->dir, number);
}

/* The files' real size. */
static guint64
disk_bytes(Fixture *f)
{
    g_autofree char *path = g_build_filename(f->dir, "pupitre-cache", NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    guint64 bytes = 0;

    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        struct stat status;
        if (stat(file, &status) == 0)
            bytes += (guint64) status.st_size;
    }
    return bytes;
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->dir = unit_make_dir();
    f->report = pup_report_new(NULL);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    close_cache(f);
    pup_report_free(f->report);
    unit_remove_dir(g_build_filename(f->dir, "pupitre-cache", NULL));
    unit_remove_dir(f->dir);
    g_free(f);
    return 0;
}

static void
test_survives_a_restart(void **state)
{
    Fixture *f = *state;

    open_cache(f, MAX_BYTES);
    for (unsigned i = 0; i < 200; i++)
        put_and_wait(f, i);
    assert_false(get(f, 200));
    for (int start = 0; start < 2; start++) {
        restart(f);
        assert_int_equal(stats_of(f).n_chunks, 200);
        assert_int_equal(stats_of(f).bytes + 0, disk_bytes(f));
        for (unsigned i = 0; i < 200; i++)
            assert_true(get(f, i));
    }
}

/* Who sees a chunk sees its bytes in the sum. */
static void
test_what_is_there_is_counted(void **state)
{
    Fixture *f = *state;
    guint64 before = 0;

    open_cache(f, MAX_BYTES);
    for (unsigned i = 0; i < 200; i++) {
        put_and_wait(f, i);
        assert_true(stats_of(f).bytes >= before + LENGTH);
        before = stats_of(f).bytes;
    }
}

static gboolean
is_zeros(guint64 index)
{
    return FALSE;
}

static void
came(PupHttpBuffer *buffer)
{
}

/* Get @i through @source; TRUE when it came, in its length. */
static gboolean
get_through(PupSource *source, unsigned i)
{
    g_autofree guint8 *data = g_malloc(PUP_CHUNK_ENCODED_MAX);
    PupHttpBuffer encoded = {.data = data, .size = PUP_CHUNK_ENCODED_MAX, .came = came};
    PupName name = name_of(i);
    PupUrgency now = PUP_FETCH_NOW;
    g_autoptr(GError) error = NULL;

    return source->ops->get(source, NULL, &name, &now, &encoded, &error) &&
           encoded.len == LENGTH && data[LENGTH - 1] == (guint8) i;
}

/* What it has comes from it and is counted; only for the rest the source behind is asked.
 */
static void
test_counts_what_it_gives(void **state)
{
    Fixture *f = *state;
    FakeSource *behind = fake_source_new(PUP_CHUNK_BYTES, is_zeros);
    g_autoptr(PupStats) stats = pup_stats_new();
    PupSource *source;

    open_cache(f, MAX_BYTES);
    for (unsigned i = 0; i < 200; i++)
        put_and_wait(f, i);
    restart(f);
    source = pup_source_disk_new(f->cache, &behind->source, stats);
    for (unsigned i = 0; i < 200; i++)
        assert_true(get_through(source, i));
    assert_int_equal(behind->n_gets, 0);
    assert_int_equal(pup_stats_get(stats, PUP_STAT_DISK_BYTES), 200 * LENGTH);
    assert_false(get_through(source, 200));
    assert_int_equal(behind->n_gets, 1);
    assert_int_equal(pup_stats_get(stats, PUP_STAT_DISK_BYTES), 200 * LENGTH);
    source->ops->free(source);
}

/* Put is not waited for, but what was put before free is written. */
static void
test_free_writes_what_was_put(void **state)
{
    Fixture *f = *state;

    open_cache(f, MAX_BYTES);
    for (unsigned i = 0; i < 100; i++)
        put(f, i);
    restart(f);
    assert_int_equal(stats_of(f).n_chunks, 100);
}

static void
test_same_name_takes_space_once(void **state)
{
    Fixture *f = *state;
    guint64 bytes;

    open_cache(f, MAX_BYTES);
    put_and_wait(f, 1);
    bytes = stats_of(f).bytes;
    put(f, 1);
    put(f, 2);
    put(f, 2);
    restart(f);
    assert_int_equal(stats_of(f).bytes, 2 * bytes - 16);
}

static void
test_forgotten_is_gone_until_it_comes_again(void **state)
{
    Fixture *f = *state;
    PupName name = name_of(1);

    open_cache(f, MAX_BYTES);
    put_and_wait(f, 1);
    pup_disk_cache_forget(f->cache, &name);
    assert_false(get(f, 1));
    put_and_wait(f, 1);
    assert_true(get(f, 1));
    restart(f);
    assert_true(get(f, 1));
    assert_int_equal(stats_of(f).n_chunks, 1);
}

static void
test_oldest_goes_and_bound_holds(void **state)
{
    Fixture *f = *state;

    open_cache(f, MAX_BYTES);
    for (unsigned i = 0; i < 1500; i++)
        put_and_wait(f, i);
    assert_true(disk_bytes(f) <= MAX_BYTES);
    assert_true(disk_bytes(f) >= MAX_BYTES / 2);
    assert_false(get(f, 0));
    assert_true(get(f, 1499));
    restart(f);
    assert_false(get(f, 0));
    assert_true(get(f, 1499));
}

/* Favoured ones stay however much comes; what is used at times stays for some time more.
 */
static void
test_favoured_and_used_are_carried_over(void **state)
{
    Fixture *f = *state;

    open_cache(f, MAX_BYTES);
    for (unsigned i = 0; i < 100; i++) {
        PupName name = name_of(i);
        pup_disk_cache_favour(f->cache, &name);
    }
    for (unsigned i = 0; i < 3000; i++) {
        put_and_wait(f, i);
        if (i >= 110 && i % 50 == 0)
            assert_true(get(f, 110));
    }
    for (unsigned i = 0; i < 100; i++)
        assert_true(get(f, i));
    assert_true(get(f, 110));
    assert_false(get(f, 111));
    assert_true(disk_bytes(f) <= MAX_BYTES);
}

/* A cache that is all favoured still takes what is new. */
static void
test_favouring_everything_does_not_stop_it(void **state)
{
    Fixture *f = *state;

    open_cache(f, MAX_BYTES);
    for (unsigned i = 0; i < 2000; i++) {
        PupName name = name_of(i);
        pup_disk_cache_favour(f->cache, &name);
        put_and_wait(f, i);
    }
    assert_true(get(f, 1999));
    assert_true(disk_bytes(f) <= MAX_BYTES);
}

static void
test_smaller_bound_removes(void **state)
{
    Fixture *f = *state;

    open_cache(f, 4 * MAX_BYTES);
    for (unsigned i = 0; i < 1500; i++) {
        put(f, i);
        g_usleep(50);
    }
    close_cache(f);
    assert_true(disk_bytes(f) > MAX_BYTES);
    open_cache(f, MAX_BYTES);
    assert_true(disk_bytes(f) <= MAX_BYTES);
    put_and_wait(f, 5000);
}

/* Power goes while a record is being written, and takes a whole file's content too. */
static void
test_torn_files(void **state)
{
    Fixture *f = *state;
    g_autofree char *path = NULL;
    g_autofree char *empty = NULL;
    struct stat status;

    open_cache(f, MAX_BYTES);
    for (unsigned i = 0; i < 10; i++)
        put_and_wait(f, i);
    close_cache(f);
    path = segment_path(f, 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(truncate(path, status.st_size - 100), 0);
    empty = segment_path(f, 5);
    assert_true(g_file_set_contents(empty, "", 0, NULL));
    open_cache(f, MAX_BYTES);
    assert_int_equal(stats_of(f).n_chunks, 9);
    assert_false(g_file_test(empty, G_FILE_TEST_EXISTS));
    put_and_wait(f, 9);
    for (unsigned i = 0; i < 10; i++)
        assert_true(get(f, i));
}

static void
test_foreign_files_are_refused(void **state)
{
    Fixture *f = *state;
    g_autofree char *outer = g_build_filename(f->dir, "thesis.doc", NULL);
    g_autofree char *inner = g_build_filename(f->dir, "pupitre-cache", "x", NULL);
    g_autofree char *lost = g_build_filename(f->dir, "lost+found", NULL);

    assert_int_equal(mkdir(lost, 0700), 0);
    open_cache(f, MAX_BYTES);
    close_cache(f);
    assert_true(g_file_set_contents(outer, "x", 1, NULL));
    assert_cannot_open(f, PUP_ERROR_DENIED, "thesis.doc");
    assert_true(g_file_test(outer, G_FILE_TEST_EXISTS));
    g_unlink(outer);
    assert_true(g_file_set_contents(inner, "x", 1, NULL));
    assert_cannot_open(f, PUP_ERROR_DENIED, "'x'");
}

static void
test_one_process_at_a_time(void **state)
{
    Fixture *f = *state;

    open_cache(f, MAX_BYTES);
    assert_cannot_open(f, PUP_ERROR_BUSY, "another process");
}

static void
test_too_small(void **state)
{
    Fixture *f = *state;
    const PupDiskCacheConfig config = {f->dir, MAX_BYTES - 1, f->report};
    g_autoptr(GError) error = NULL;

    assert_null(pup_disk_cache_open(&config, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "at least");
}

/* No segment gets longer than half of what it should: writes fail all the time, and
 * chunks are kept all the same. */
static void
test_failing_writes(void **state)
{
    const struct rlimit half = {512 * 1024, RLIM_INFINITY};
    Fixture *f = *state;
    struct rlimit old;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_IGN);
    open_cache(f, MAX_BYTES);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &half), 0);
    for (unsigned i = 0; i < 500; i++) {
        put(f, i);
        g_usleep(200);
    }
    restart(f);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_true(stats_of(f).n_chunks > 100);
    for (unsigned i = 0; i < 500; i++)
        assert_true(!has(f, i) || get(f, i));
}

/* A file system that is smaller than the bound: room is made, and what is new is kept. */
static void
test_full_disk(void **state)
{
    Fixture *f = *state;

    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        skip();
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", f->dir, "tmpfs", 0, "size=12m") != 0)
        skip();
    open_cache(f, 4 * MAX_BYTES);
    for (unsigned i = 0; i < 2000; i++) {
        put(f, i);
        g_usleep(100);
    }
    restart(f);
    assert_true(stats_of(f).n_chunks > 300);
    assert_true(stats_of(f).n_chunks < 800);
    close_cache(f);
    open_cache(f, 0);
    assert_in_range(stats_of(f).max_bytes, 11u << 20, 12u << 20);
    close_cache(f);
    umount(f->dir);
}

typedef struct {
    Fixture *fixture;
    unsigned seed;
} Hammer;

static void *
hammer(void *user)
{
    const Hammer *self = user;
    GRand *rand = g_rand_new_with_seed(self->seed);

    for (unsigned i = 0; i < 1000; i++) {
        unsigned key = (unsigned) g_rand_int_range(rand, 0, 900);
        PupName name = name_of(key);
        put(self->fixture, key);
        get(self->fixture, (unsigned) g_rand_int_range(rand, 0, 900));
        if (i % 20 == 0)
            pup_disk_cache_forget(self->fixture->cache, &name);
        if (i % 50 == 0)
            pup_disk_cache_favour(self->fixture->cache, &name);
        g_usleep(50);
    }
    g_rand_free(rand);
    return NULL;
}

/* More than fits: reading goes on while segments are carried over and removed. */
static void
test_many_threads(void **state)
{
    Fixture *f = *state;
    pthread_t threads[N_THREADS];
    Hammer hammers[N_THREADS];

    open_cache(f, MAX_BYTES);
    for (unsigned i = 0; i < N_THREADS; i++) {
        hammers[i] = (Hammer){f, i};
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, &hammers[i]), 0);
    }
    for (unsigned i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    close_cache(f);
    assert_true(disk_bytes(f) <= MAX_BYTES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_survives_a_restart),
        TEST(test_what_is_there_is_counted),
        TEST(test_counts_what_it_gives),
        TEST(test_free_writes_what_was_put),
        TEST(test_same_name_takes_space_once),
        TEST(test_forgotten_is_gone_until_it_comes_again),
        TEST(test_oldest_goes_and_bound_holds),
        TEST(test_favoured_and_used_are_carried_over),
        TEST(test_favouring_everything_does_not_stop_it),
        TEST(test_smaller_bound_removes),
        TEST(test_torn_files),
        TEST(test_foreign_files_are_refused),
        TEST(test_one_process_at_a_time),
        TEST(test_too_small),
        TEST(test_failing_writes),
        TEST(test_many_threads),
        TEST(test_full_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
