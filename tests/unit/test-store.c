/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/error.h"
#include "server/store/dir.h"
#include "tests/unit/store_fixture.h"

static const unsigned disk1[] = {1, 2, 0, 3};
static const unsigned disk2[] = {1, 4, 0, 0, 5};

static void
assert_code(const GError *error, PupErrorCode code)
{
    assert_non_null(error);
    assert_int_equal(error->domain, PUP_ERROR);
    if (error->code != (int) code)
        fail_msg("%s, not %s: %s", pup_error_name((PupErrorCode) error->code),
                 pup_error_name(code), error->message);
}

static void
test_open_what_is_no_store(void **state)
{
    static const struct {
        const char *uri;
        PupErrorCode code;
    } cases[] = {
        {"", PUP_ERROR_INVALID},
        {"dir:", PUP_ERROR_INVALID},
        {"/var/lib", PUP_ERROR_INVALID},
        {"rados:pool", PUP_ERROR_INVALID},
        {"dir:/nonexistent/store", PUP_ERROR_NOT_FOUND},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(pup_store_open(cases[i].uri, &error));
        assert_code(error, cases[i].code);
    }
}

static void
test_create_twice(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    assert_false(pup_store_create(f->uri, &error));
    assert_code(error, PUP_ERROR_EXISTS);
}

static void
test_format_file(void **state)
{
    static const struct {
        const char *text;
        PupErrorCode code;
    } cases[] = {
        {"", PUP_ERROR_CORRUPT},
        {"pupitre store 1", PUP_ERROR_UNSUPPORTED},
        {"pupitre store 2\n", PUP_ERROR_UNSUPPORTED},
        {"qupitre store 1\n", PUP_ERROR_CORRUPT},
    };
    Fixture *f = *state;
    g_autofree char *path = fixture_path(f, "format");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        fixture_write(path, cases[i].text, strlen(cases[i].text));
        assert_null(pup_store_open(f->uri, &error));
        assert_code(error, cases[i].code);
    }
}

static void
test_publish_and_read(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    fixture_publish(f, "lab-101", 1, disk1, 4);
    assert_int_equal(pup_store_current(f->store, PUP_KIND_ROOM, "lab-101", NULL), 1);
    assert_true(fixture_matches(f, f->store, "lab-101", 1, disk1, 4, &error));
    fixture_publish(f, "lab-101", 2, disk2, 5);
    assert_int_equal(pup_store_current(f->store, PUP_KIND_ROOM, "lab-101", NULL), 2);
    assert_true(fixture_matches(f, f->store, "lab-101", 1, disk1, 4, &error));
    assert_true(fixture_matches(f, f->store, "lab-101", 2, disk2, 5, &error));
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_int_equal(report->findings->len, 0);
    assert_int_equal(report->n_packs, 2);
    assert_int_equal(report->n_versions, 2);
    assert_int_equal(report->n_chunks, 7); /* five of disks, two map pages */
}

static void
test_what_is_there_is_not_written_again(void **state)
{
    Fixture *f = *state;
    fixture_publish(f, "lab-101", 1, disk1, 4);
    fixture_publish(f, "lab-102", 1, disk1, 4);
    g_auto(GStrv) packs = fixture_list(f, "packs", ".pack");
    assert_int_equal(g_strv_length(packs), 1);
}

static void
test_without_commit_nothing_happened(void **state)
{
    Fixture *f = *state;
    g_autoptr(GBytes) manifest = NULL;
    g_autoptr(GBytes) sig = NULL;
    PupStoreWrite *write = pup_store_begin(f->store, NULL, NULL);
    assert_true(fixture_put_disk(f, write, PUP_KIND_ROOM, "lab-101", 1, disk1, 4,
                                 &manifest, &sig, NULL));
    assert_true(pup_store_write_bytes(write) > 0);
    pup_store_write_free(write);
    g_auto(GStrv) files = fixture_list(f, "packs", "");
    assert_int_equal(g_strv_length(files), 0);
    assert_int_equal(pup_store_current(f->store, PUP_KIND_ROOM, "lab-101", NULL), 0);
}

static void
test_null_chunk(void **state)
{
    Fixture *f = *state;
    static const PupName null_name;
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autoptr(GError) error = NULL;
    PupExtent extent;
    memset(plain, 1, PUP_CHUNK_BYTES);
    assert_true(pup_store_get(f->store, &null_name, plain, NULL));
    assert_true(pup_chunk_is_zero(plain, PUP_CHUNK_BYTES));
    assert_false(pup_store_locate(f->store, &null_name, &extent, &error));
    assert_code(error, PUP_ERROR_NOT_FOUND);
    g_autoptr(PupStoreWrite) write = pup_store_begin(f->store, NULL, NULL);
    assert_true(pup_store_write_has(write, &null_name));
}

static void
test_unknown_things(void **state)
{
    Fixture *f = *state;
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    PupName name;
    GBytes *text = NULL, *sig = NULL;
    fixture_chunk(99, plain, &name);
    for (int i = 0; i < 6; i++) {
        g_autoptr(GError) error = NULL;
        PupErrorCode code = PUP_ERROR_NOT_FOUND;
        if (i == 0)
            assert_false(pup_store_get(f->store, &name, plain, &error));
        else if (i == 1)
            assert_int_equal(pup_store_current(f->store, PUP_KIND_ROOM, "x", &error), 0);
        else if (i == 2)
            assert_false(
                pup_store_manifest(f->store, PUP_KIND_ROOM, "x", 1, &text, &sig, &error));
        else if (i == 3)
            assert_false(pup_store_set_current(f->store, PUP_KIND_ROOM, "x", 1, &error));
        else if (i == 4)
            assert_false(pup_store_remove(f->store, PUP_KIND_ROOM, "x", &error));
        else {
            code = PUP_ERROR_INVALID;
            assert_int_equal(
                pup_store_current(f->store, PUP_KIND_ROOM, "../rooms/x", &error), 0);
        }
        assert_code(error, code);
    }
    g_autoptr(GArray) versions = pup_store_versions(f->store, PUP_KIND_ROOM, "x", NULL);
    assert_int_equal(versions->len, 0);
}

/* A server that runs serves what another process publishes, without being told. */
static void
test_other_process_publishes(void **state)
{
    Fixture *f = *state;
    g_autoptr(PupStore) server = pup_store_open(f->uri, NULL);
    g_autoptr(GError) error = NULL;
    for (unsigned version = 1; version <= 20; version++) {
        const unsigned seeds[] = {version, 100 + version};
        fixture_publish(f, "lab-101", version, seeds, 2);
        if (!fixture_matches(f, server, "lab-101", version, seeds, 2, &error))
            fail_msg("version %u: %s", version, error->message);
    }
}

static void
test_exists(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    fixture_publish(f, "lab-101", 1, disk1, 4);
    assert_false(
        fixture_publish_to(f, f->store, PUP_KIND_ROOM, "lab-101", 1, disk2, 5, &error));
    assert_code(error, PUP_ERROR_EXISTS);
    assert_true(fixture_matches(f, f->store, "lab-101", 1, disk1, 4, NULL));
    g_auto(GStrv) packs = fixture_list(f, "packs", "");
    assert_int_equal(g_strv_length(packs), 2); /* the loser left nothing */
}

typedef struct {
    Fixture *f;
    unsigned seed;
    gboolean won;
    GError *error;
} Racer;

static gpointer
race(gpointer data)
{
    Racer *racer = data;
    g_autoptr(PupStore) store = pup_store_open(racer->f->uri, NULL);
    racer->won = fixture_publish_to(racer->f, store, PUP_KIND_ROOM, "lab-101", 1,
                                    &racer->seed, 1, &racer->error);
    return NULL;
}

static void
test_exactly_one_wins(void **state)
{
    enum { N = 6 };
    Fixture *f = *state;
    Racer racers[N];
    GThread *threads[N];
    unsigned winner = 0, n_won = 0;
    for (unsigned i = 0; i < N; i++) {
        racers[i] = (Racer){.f = f, .seed = i + 1};
        threads[i] = g_thread_new("racer", race, &racers[i]);
    }
    for (unsigned i = 0; i < N; i++) {
        g_thread_join(threads[i]);
        n_won += racers[i].won;
        if (racers[i].won)
            winner = racers[i].seed;
        else
            assert_code(racers[i].error, PUP_ERROR_EXISTS);
        g_clear_error(&racers[i].error);
    }
    assert_int_equal(n_won, 1);
    assert_true(fixture_matches(f, f->store, "lab-101", 1, &winner, 1, NULL));
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_int_equal(report->findings->len, 0);
}

static void
test_rollback(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    fixture_publish(f, "lab-101", 1, disk1, 4);
    fixture_publish(f, "lab-101", 2, disk2, 5);
    assert_true(pup_store_set_current(f->store, PUP_KIND_ROOM, "lab-101", 1, NULL));
    assert_int_equal(pup_store_current(f->store, PUP_KIND_ROOM, "lab-101", NULL), 1);
    assert_false(pup_store_set_current(f->store, PUP_KIND_ROOM, "lab-101", 3, &error));
    assert_code(error, PUP_ERROR_NOT_FOUND);
    assert_int_equal(pup_store_current(f->store, PUP_KIND_ROOM, "lab-101", NULL), 1);
    g_autoptr(GArray) versions =
        pup_store_versions(f->store, PUP_KIND_ROOM, "lab-101", NULL);
    assert_int_equal(versions->len, 2);
    assert_int_equal(g_array_index(versions, unsigned, 0), 1);
    assert_int_equal(g_array_index(versions, unsigned, 1), 2);
}

static void
test_names_sorted_and_removed(void **state)
{
    Fixture *f = *state;
    static const char *const rooms[] = {"zoo", "lab-101", "a"};
    for (size_t i = 0; i < G_N_ELEMENTS(rooms); i++)
        fixture_publish(f, rooms[i], 1, disk1, 4);
    assert_true(pup_store_remove(f->store, PUP_KIND_ROOM, "lab-101", NULL));
    g_auto(GStrv) names = pup_store_names(f->store, PUP_KIND_ROOM, NULL);
    g_autofree char *joined = g_strjoinv(" ", names);
    assert_string_equal(joined, "a zoo");
    assert_int_equal(pup_store_current(f->store, PUP_KIND_ROOM, "lab-101", NULL), 0);
    g_auto(GStrv) masters = pup_store_names(f->store, PUP_KIND_MASTER, NULL);
    assert_int_equal(g_strv_length(masters), 0);
    fixture_publish(f, "lab-101", 1, disk2, 5);
    assert_true(fixture_matches(f, f->store, "lab-101", 1, disk2, 5, NULL));
}

static void
test_remove_beside_a_publish(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    fixture_publish(f, "lab-101", 1, disk1, 4);
    g_autoptr(PupStoreWrite) write = pup_store_begin(f->store, NULL, NULL);
    assert_non_null(write);
    assert_false(pup_store_remove(f->store, PUP_KIND_ROOM, "lab-101", &error));
    assert_code(error, PUP_ERROR_BUSY);
    assert_int_equal(pup_store_current(f->store, PUP_KIND_ROOM, "lab-101", NULL), 1);
}

/* A name's file with each byte flipped and cut at each length: an error, or a version
 * that was really published; never anything else. */
static void
test_damaged_name(void **state)
{
    Fixture *f = *state;
    g_autofree char *path = fixture_path(f, "names/rooms/lab-101");
    for (unsigned version = 1; version <= 3; version++)
        fixture_publish(f, "lab-101", version, &version, 1);
    static const char *const texts[] = {
        "",     "0\n", "1",  "01\n", "+1\n",          " 1\n", "1\n\n", "4294967296\n",
        "1 \n", "x\n", "\n", "-1\n", "123456789012\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        fixture_write(path, texts[i], strlen(texts[i]));
        assert_int_equal(pup_store_current(f->store, PUP_KIND_ROOM, "lab-101", &error),
                         0);
        assert_code(error, PUP_ERROR_CORRUPT);
        g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
        assert_int_equal(fixture_n_harmful(report), 1);
        const PupFsckFinding *finding = g_ptr_array_index(report->findings, 0);
        assert_string_equal(finding->object, "name lab-101");
    }
    assert_true(pup_store_set_current(f->store, PUP_KIND_ROOM, "lab-101", 3, NULL));
    for (int at = 0; at < 2; at++) {
        for (int bit = 0; bit < 8; bit++) {
            char text[] = "3\n";
            text[at] = (char) (text[at] ^ (1 << bit));
            fixture_write(path, text, 2);
            unsigned version =
                pup_store_current(f->store, PUP_KIND_ROOM, "lab-101", NULL);
            g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
            gboolean published = version >= 1 && version <= 3;
            assert_int_equal(fixture_n_harmful(report), published ? 0 : 1);
        }
    }
}

/* What a crash left without an index was published again: nobody is harmed. */
static void
test_unlisted_chunks_that_are_elsewhere(void **state)
{
    Fixture *f = *state;
    fixture_publish(f, "lab-101", 1, disk1, 4);
    g_auto(GStrv) first = fixture_list(f, "packs", ".idx");
    g_autofree char *index = fixture_path(f, "packs/%s", first[0]);
    assert_return_code(unlink(index), errno);
    g_autoptr(PupStore) store = pup_store_open(f->uri, NULL);
    assert_true(
        fixture_publish_to(f, store, PUP_KIND_ROOM, "lab-101", 2, disk1, 4, NULL));
    g_auto(GStrv) packs = fixture_list(f, "packs", ".pack");
    g_auto(GStrv) indexes = fixture_list(f, "packs", ".idx");
    assert_int_equal(g_strv_length(packs), 2);
    assert_int_equal(g_strv_length(indexes), 1);
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_int_equal(fixture_n_harmful(report), 0);
}

static void
test_begin_cancelled_while_gc_runs(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    PupDirStore *dir = (PupDirStore *) f->store;
    int lock = pup_dir_lock_store(dir, LOCK_EX, 0, NULL, NULL);
    assert_return_code(lock, 0);
    g_cancellable_cancel(cancellable);
    assert_null(pup_store_begin(f->store, cancellable, &error));
    assert_code(error, PUP_ERROR_BUSY);
    close(lock);
    g_autoptr(PupStoreWrite) write = pup_store_begin(f->store, NULL, NULL);
    assert_non_null(write);
}

static void
publish_versions(Fixture *f, unsigned n)
{
    for (unsigned version = 1; version <= n; version++) {
        unsigned seed = 100 + version;
        fixture_publish(f, "a", version, &seed, 1);
    }
}

/* Ask for 1 to @n; how many went. */
static unsigned
remove_all(Fixture *f, unsigned n)
{
    g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_autoptr(GError) error = NULL;
    unsigned n_gone = 99;
    for (unsigned version = 1; version <= n; version++)
        g_array_append_val(versions, version);
    if (!pup_store_remove_versions(f->store, PUP_KIND_ROOM, "a", versions, &n_gone,
                                   &error))
        fail_msg("%s", error->message);
    return n_gone;
}

static void
assert_versions(Fixture *f, const unsigned *expected, size_t n)
{
    g_autoptr(GArray) versions = pup_store_versions(f->store, PUP_KIND_ROOM, "a", NULL);
    assert_int_equal(versions->len, n);
    for (guint i = 0; i < n; i++)
        assert_int_equal(g_array_index(versions, unsigned, i), expected[i]);
}

static void
test_remove_versions(void **state)
{
    static const unsigned left[] = {2, 4, 5}, after[] = {4, 5};
    Fixture *f = *state;
    PupGcReport gc;
    publish_versions(f, 5);
    assert_true(pup_store_set_current(f->store, PUP_KIND_ROOM, "a", 4, NULL));
    assert_true(pup_store_pin(f->store, PUP_KIND_ROOM, "a", 2, TRUE, NULL));
    assert_int_equal(remove_all(f, 9), 2);
    assert_versions(f, left, 3);
    assert_true(pup_store_pin(f->store, PUP_KIND_ROOM, "a", 2, FALSE, NULL));
    assert_int_equal(remove_all(f, 9), 1);
    assert_versions(f, after, 2);
    assert_true(pup_gc(f->store, FALSE, NULL, NULL, &gc, NULL));
    assert_int_equal(gc.n_live, 4); /* two chunks, two pages */
    assert_int_equal(gc.n_packs_removed, 3);
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_int_equal(report->findings->len, 0);
}

/* Where a removal was cut short there are versions and no name. */
static void
test_remove_versions_without_a_name(void **state)
{
    static const unsigned left[] = {3};
    Fixture *f = *state;
    publish_versions(f, 3);
    g_autofree char *path = fixture_path(f, "names/rooms/a");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(remove_all(f, 9), 2);
    assert_versions(f, left, 1);
}

static void
test_pin(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL, none = NULL;
    publish_versions(f, 2);
    assert_false(pup_store_is_pinned(f->store, PUP_KIND_ROOM, "a", 1));
    for (unsigned twice = 0; twice < 2; twice++)
        assert_true(pup_store_pin(f->store, PUP_KIND_ROOM, "a", 1, TRUE, NULL));
    assert_true(pup_store_is_pinned(f->store, PUP_KIND_ROOM, "a", 1));
    assert_false(pup_store_is_pinned(f->store, PUP_KIND_ROOM, "a", 2));
    for (unsigned twice = 0; twice < 2; twice++)
        assert_true(pup_store_pin(f->store, PUP_KIND_ROOM, "a", 1, FALSE, NULL));
    assert_false(pup_store_is_pinned(f->store, PUP_KIND_ROOM, "a", 1));
    assert_false(pup_store_pin(f->store, PUP_KIND_ROOM, "a", 3, TRUE, &error));
    assert_code(error, PUP_ERROR_NOT_FOUND);
    assert_false(pup_store_pin(f->store, PUP_KIND_ROOM, "b", 1, TRUE, &none));
    assert_code(none, PUP_ERROR_NOT_FOUND);
    assert_string_equal(none->message, "room 'b' has no version 1");
}

static void
test_remove_versions_beside_a_publish(void **state)
{
    static const unsigned all[] = {1, 2};
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(unsigned));
    unsigned n_gone = 99;
    publish_versions(f, 2);
    g_array_append_vals(versions, all, 1);
    PupStoreWrite *write = pup_store_begin(f->store, NULL, NULL);
    assert_false(pup_store_remove_versions(f->store, PUP_KIND_ROOM, "a", versions,
                                           &n_gone, &error));
    assert_code(error, PUP_ERROR_BUSY);
    assert_int_equal(n_gone, 99);
    pup_store_write_free(write);
    assert_versions(f, all, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_what_is_no_store),
#define STORE_TEST(test)                                                                 \
    cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
        STORE_TEST(test_create_twice),
        STORE_TEST(test_format_file),
        STORE_TEST(test_publish_and_read),
        STORE_TEST(test_what_is_there_is_not_written_again),
        STORE_TEST(test_without_commit_nothing_happened),
        STORE_TEST(test_null_chunk),
        STORE_TEST(test_unknown_things),
        STORE_TEST(test_other_process_publishes),
        STORE_TEST(test_exists),
        STORE_TEST(test_exactly_one_wins),
        STORE_TEST(test_rollback),
        STORE_TEST(test_names_sorted_and_removed),
        STORE_TEST(test_remove_beside_a_publish),
        STORE_TEST(test_remove_versions),
        STORE_TEST(test_remove_versions_without_a_name),
        STORE_TEST(test_remove_versions_beside_a_publish),
        STORE_TEST(test_pin),
        STORE_TEST(test_damaged_name),
        STORE_TEST(test_unlisted_chunks_that_are_elsewhere),
        STORE_TEST(test_begin_cancelled_while_gc_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
