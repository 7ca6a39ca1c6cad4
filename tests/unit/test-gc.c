/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/store/gc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"
#include "tests/unit/store_fixture.h"

static const unsigned disk1[] = {1, 2, 0, 3};
static const unsigned disk2[] = {1, 4, 0, 0, 5};

static guint
n_files(const Fixture *f, const char *suffix)
{
    g_auto(GStrv) files = fixture_list(f, "packs", suffix);
    return g_strv_length(files);
}

static PupGcReport
gc(Fixture *f, gboolean dry_run)
{
    PupGcReport report;
    g_autoptr(GError) error = NULL;
    if (!pup_gc(f->store, dry_run, NULL, NULL, &report, &error))
        fail_msg("gc: %s", error->message);
    return report;
}

static void
remove_room(Fixture *f, const char *room)
{
    assert_true(pup_store_remove(f->store, PUP_KIND_ROOM, room, NULL));
}

static void
assert_room(Fixture *f, const char *room, unsigned version, const unsigned *seeds,
            size_t n)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupStore) fresh = pup_store_open(f->uri, NULL);
    if (!fixture_matches(f, f->store, room, version, seeds, n, &error) ||
        !fixture_matches(f, fresh, room, version, seeds, n, &error))
        fail_msg("%s@%u: %s", room, version, error->message);
}

static void
assert_clean(Fixture *f)
{
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    if (report->findings->len > 0) {
        const PupFsckFinding *finding = g_ptr_array_index(report->findings, 0);
        fail_msg("%s: %s", finding->object, finding->problem);
    }
}

static void
test_empty_store(void **state)
{
    PupGcReport report = gc(*state, FALSE);
    assert_int_equal(report.n_chunks, 0);
    assert_int_equal(report.bytes_after, 0);
}

static void
test_all_needed(void **state)
{
    Fixture *f = *state;
    fixture_publish(f, "a", 1, disk1, 4);
    fixture_publish(f, "a", 2, disk2, 5);
    PupGcReport report = gc(f, FALSE);
    assert_int_equal(report.n_chunks, 7);
    assert_int_equal(report.n_live, 7);
    assert_int_equal(report.n_packs_removed + report.n_packs_rewritten, 0);
    assert_int_equal(report.bytes_before, report.bytes_after);
    assert_room(f, "a", 1, disk1, 4); /* not current, and needed for a rollback */
    assert_room(f, "a", 2, disk2, 5);
}

static void
test_dead_pack_removed(void **state)
{
    Fixture *f = *state;
    static const unsigned other[] = {11, 12};
    fixture_publish(f, "a", 1, disk1, 4);
    fixture_publish(f, "b", 1, other, 2);
    remove_room(f, "b");
    PupGcReport dry = gc(f, TRUE);
    assert_int_equal(n_files(f, ".pack"), 2);
    PupGcReport report = gc(f, FALSE);
    assert_memory_equal(&dry, &report, sizeof report);
    assert_int_equal(report.n_packs_removed, 1);
    assert_int_equal(report.n_packs_rewritten, 0);
    assert_int_equal(n_files(f, ".pack"), 1);
    assert_int_equal(n_files(f, ".idx"), 1);
    assert_room(f, "a", 1, disk1, 4);
    assert_clean(f);
}

static guint64
pack_bytes(const Fixture *f)
{
    guint64 bytes = 0;
    g_auto(GStrv) files = fixture_list(f, "packs", ".pack");
    for (char **file = files; *file; file++) {
        g_autofree char *path = fixture_path(f, "packs/%s", *file);
        g_autoptr(GByteArray) content = fixture_read(path);
        bytes += content->len;
    }
    return bytes;
}

static void
test_sparse_pack_rewritten(void **state)
{
    Fixture *f = *state;
    static const unsigned large[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, FIXTURE_NOISE};
    static const unsigned little[] = {2, FIXTURE_NOISE, 3};
    static const unsigned less[] = {2, 3};
    fixture_publish(f, "a", 1, large, 11);
    fixture_publish(f, "b", 1, little, 3);
    remove_room(f, "a");
    /* More than half is live still: noise is larger than all the rest. */
    PupGcReport report = gc(f, FALSE);
    assert_int_equal(report.n_packs_rewritten, 0);
    fixture_publish(f, "c", 1, less, 2);
    remove_room(f, "b");
    PupGcReport dry = gc(f, TRUE);
    report = gc(f, FALSE);
    assert_memory_equal(&dry, &report, sizeof report);
    assert_int_equal(report.n_packs_rewritten, 1);
    assert_true(report.bytes_after < report.bytes_before / 2);
    assert_int_equal(pack_bytes(f), report.bytes_after);
    assert_room(f, "c", 1, less, 2);
    assert_clean(f);
}

/* The boot profile of a@1 lies in the pack of a room that is gone. */
static void
test_boot_profile_lives(void **state)
{
    Fixture *f = *state;
    static const unsigned other[] = {11, 12, 13, 14, 15, 16, 17, 18, 19};
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    PupName name;
    f->boot_profile = 9;
    fixture_publish(f, "b", 1, other, 9);
    fixture_publish(f, "a", 1, disk1, 4);
    remove_room(f, "b");
    PupGcReport report = gc(f, FALSE);
    assert_int_equal(report.n_live, 5);
    assert_true(report.n_packs_rewritten > 0);
    fixture_chunk(9, plain, &name);
    assert_true(pup_store_get(f->store, &name, plain, NULL));
    assert_clean(f);
}

/* A year of small publishes becomes one pack. */
static void
test_small_packs_joined(void **state)
{
    Fixture *f = *state;
    for (unsigned version = 1; version <= 20; version++) {
        const unsigned seeds[] = {version, 100 + version, 1000};
        fixture_publish(f, "a", version, seeds, 3);
    }
    assert_int_equal(n_files(f, ".pack"), 20);
    PupGcReport dry = gc(f, TRUE);
    PupGcReport report = gc(f, FALSE);
    assert_memory_equal(&dry, &report, sizeof report);
    assert_int_equal(report.n_packs_rewritten, 20);
    assert_int_equal(n_files(f, ".pack"), 1);
    assert_int_equal(pack_bytes(f), report.bytes_after);
    for (unsigned version = 1; version <= 20; version++) {
        const unsigned seeds[] = {version, 100 + version, 1000};
        assert_room(f, "a", version, seeds, 3);
    }
    assert_clean(f);
    report = gc(f, FALSE);
    assert_int_equal(report.n_packs_rewritten, 0);
}

/* One small chunk takes less than the frame of its pack: no copy makes that smaller. */
static void
test_rewritten_once(void **state)
{
    Fixture *f = *state;
    static const unsigned first[] = {FIXTURE_PLAIN, 2, 3, 4, 5, 6};
    static const unsigned second[] = {1, FIXTURE_PLAIN};
    fixture_publish(f, "b", 1, first, 6);
    fixture_publish(f, "a", 1, second, 2);
    remove_room(f, "b");
    PupGcReport report = gc(f, FALSE);
    assert_int_equal(report.n_packs_rewritten, 1);
    report = gc(f, FALSE);
    assert_int_equal(report.n_packs_rewritten, 0);
    assert_int_equal(report.bytes_after, report.bytes_before);
    assert_room(f, "a", 1, second, 2);
}

/* What was written twice, by two publishes at once, is kept once. */
static void
test_copies_go(void **state)
{
    Fixture *f = *state;
    g_autoptr(GBytes) text1 = NULL, sig1 = NULL, text2 = NULL, sig2 = NULL;
    static const unsigned more[] = {1, 2, 0, 3, 4, 5, 6};
    PupStoreWrite *one = pup_store_begin(f->store, NULL, NULL);
    PupStoreWrite *two = pup_store_begin(f->store, NULL, NULL);
    assert_true(
        fixture_put_disk(f, one, PUP_KIND_ROOM, "a", 1, disk1, 4, &text1, &sig1, NULL));
    assert_true(
        fixture_put_disk(f, two, PUP_KIND_ROOM, "b", 1, more, 7, &text2, &sig2, NULL));
    assert_true(pup_store_write_commit(one, PUP_KIND_ROOM, "a", 1, text1, sig1, NULL));
    assert_true(pup_store_write_commit(two, PUP_KIND_ROOM, "b", 1, text2, sig2, NULL));
    pup_store_write_free(one);
    pup_store_write_free(two);
    PupGcReport report = gc(f, FALSE);
    assert_int_equal(report.n_chunks, 4 + 7);
    assert_int_equal(report.n_live, 8); /* six chunks, two pages */
    assert_int_equal(report.n_packs_rewritten, 1);
    assert_room(f, "a", 1, disk1, 4);
    assert_room(f, "b", 1, more, 7);
    assert_clean(f);
}

/* A guest disk may hold the very bytes of another room's map page. */
static void
test_page_as_disk_content(void **state)
{
    Fixture *f = *state;
    g_autoptr(GBytes) text = NULL, sig = NULL;
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autofree guint8 *page = g_malloc(PUP_CHUNK_BYTES);
    g_autofree guint8 *encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);
    g_autoptr(PupChunkCodec) codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    g_autoptr(PupChunkMap) map = pup_chunk_map_new(PUP_CHUNK_BYTES);
    g_autoptr(PupChunkMap) theirs = pup_chunk_map_new(4 * PUP_CHUNK_BYTES);
    PupName name;
    for (unsigned i = 0; i < 4; i++) {
        fixture_chunk(disk1[i], plain, &name);
        pup_chunk_map_set(theirs, i, &name);
    }
    pup_chunk_map_seal_page(theirs, 0, page, &name);
    pup_chunk_map_set(map, 0, &name);
    PupStoreWrite *write = pup_store_begin(f->store, NULL, NULL);
    size_t len = pup_chunk_encode(codec, page, encoded);
    assert_true(pup_store_write_put(write, &name, encoded, len, NULL));
    pup_chunk_map_seal_page(map, 0, plain, &name);
    len = pup_chunk_encode(codec, plain, encoded);
    assert_true(pup_store_write_put(write, &name, encoded, len, NULL));
    g_autoptr(PupManifest) manifest = pup_manifest_new(PUP_KIND_MASTER, "evil", 1);
    manifest->disk_bytes = PUP_CHUNK_BYTES;
    pup_manifest_set_map(manifest, map);
    text = pup_manifest_format(manifest);
    sig = g_bytes_new("x", 1);
    assert_true(
        pup_store_write_commit(write, PUP_KIND_MASTER, "evil", 1, text, sig, NULL));
    pup_store_write_free(write);
    fixture_publish(f, "a", 1, disk1, 4);
    gc(f, FALSE); /* masters are marked first */
    assert_room(f, "a", 1, disk1, 4);
}

static void
test_leftovers_removed(void **state)
{
    static const char *const files[] = {
        "packs/.0123456789abcdef0123456789abcdef.pack",
        "packs/0123456789abcdef0123456789abcdef.pack",
        "packs/.0123456789abcdef0123456789abcdef.idx.a1B2c3",
        "names/rooms/.a.a1B2c3",
        "canaries/.a.a1B2c3",
        "manifests/rooms/a/.2.json.a1B2c3",
        "manifests/rooms/a/2.json.sig",
        "manifests/rooms/.removed-1/1.json",
        "manifests/rooms/never/lock",
        ".format.a1B2c3",
    };
    Fixture *f = *state;
    fixture_publish(f, "a", 1, disk1, 4);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = fixture_path(f, "%s", files[i]);
        g_autofree char *folder = g_path_get_dirname(path);
        assert_true(pup_file_make_dir(folder, NULL));
        fixture_write(path, "x", 1);
    }
    gc(f, TRUE);
    gc(f, FALSE);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = fixture_path(f, "%s", files[i]);
        assert_int_equal(access(path, F_OK), -1);
    }
    assert_room(f, "a", 1, disk1, 4);
    assert_clean(f);
}

/* What gc cannot follow it leaves alone, all of it. */
static void
test_damaged_store_is_not_swept(void **state)
{
    static const char *const what[] = {"pack", "manifest", "signature"};
    for (size_t i = 0; i < G_N_ELEMENTS(what); i++) {
        Fixture *f = fixture_new();
        g_autoptr(GError) error = NULL;
        PupGcReport report = {0};
        static const unsigned other[] = {11, 12};
        fixture_publish(f, "a", 1, disk1, 4);
        g_auto(GStrv) packs = fixture_list(f, "packs", ".pack");
        fixture_publish(f, "b", 1, other, 2);
        remove_room(f, "b");
        g_autofree char *path =
            i == 0 ? fixture_path(f, "packs/%s", packs[0])
                   : fixture_path(f, "manifests/rooms/a/1.json%s", i == 1 ? "" : ".sig");
        if (i == 2)
            assert_int_equal(unlink(path), 0);
        else
            fixture_write(path, "{}", 2);
        g_auto(GStrv) before = fixture_list(f, "packs", "");
        assert_false(pup_gc(f->store, FALSE, NULL, NULL, &report, &error));
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_CORRUPT));
        assert_int_equal(report.n_chunks, 0);
        g_auto(GStrv) after = fixture_list(f, "packs", "");
        assert_true(
            g_strv_equal((const char *const *) before, (const char *const *) after));
        fixture_free(f);
    }
}

static void
test_busy_beside_a_publish(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    PupGcReport report;
    PupStoreWrite *write = pup_store_begin(f->store, NULL, NULL);
    assert_false(pup_gc(f->store, FALSE, NULL, NULL, &report, &error));
    assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_BUSY));
    assert_true(pup_gc(f->store, TRUE, NULL, NULL, &report, NULL));
    pup_store_write_free(write);
    assert_true(pup_gc(f->store, FALSE, NULL, NULL, &report, NULL));
}

/* The publish that was promised a chunk before gc removed it would be a broken version:
 * begin() must look at what gc left. */
static void
test_publish_after_gc_of_another(void **state)
{
    Fixture *f = *state;
    g_autoptr(PupStore) publisher = pup_store_open(f->uri, NULL);
    PupName name;
    PupExtent extent;
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autoptr(GError) error = NULL;
    fixture_publish(f, "a", 1, disk1, 4);
    fixture_chunk(1, plain, &name);
    assert_true(pup_store_locate(publisher, &name, &extent, NULL)); /* seen */
    pup_extent_clear(&extent);
    remove_room(f, "a");
    gc(f, FALSE);
    assert_int_equal(n_files(f, ""), 0);
    if (!fixture_publish_to(f, publisher, PUP_KIND_ROOM, "b", 1, disk1, 4, &error))
        fail_msg("%s", error->message);
    assert_room(f, "b", 1, disk1, 4);
}

/* Bytes that a reader holds stay readable when gc removes their pack. */
static void
test_extent_outlives_gc(void **state)
{
    Fixture *f = *state;
    PupName name;
    PupExtent extent;
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autofree guint8 *encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);
    g_autoptr(PupChunkCodec) codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    fixture_publish(f, "a", 1, disk1, 4);
    fixture_chunk(1, plain, &name);
    assert_true(pup_store_locate(f->store, &name, &extent, NULL));
    remove_room(f, "a");
    gc(f, FALSE);
    assert_int_equal(n_files(f, ""), 0);
    assert_true(pup_file_pread(extent.fd, encoded, extent.length, (off_t) extent.offset,
                               "x", NULL));
    assert_true(pup_chunk_decode(codec, encoded, extent.length, &name, plain, NULL));
    pup_extent_clear(&extent);
    PupExtent gone;
    assert_false(pup_store_locate(f->store, &name, &gone, NULL));
}

/* Another process lets go of removed packs when it is next asked for a version. */
static void
test_removed_packs_are_let_go(void **state)
{
    Fixture *f = *state;
    PupName name;
    PupExtent extent;
    g_autoptr(PupStore) server = pup_store_open(f->uri, NULL);
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    static const unsigned other[] = {11, 12};
    fixture_publish(f, "a", 1, disk1, 4);
    fixture_publish(f, "b", 1, other, 2);
    fixture_chunk(11, plain, &name);
    assert_true(pup_store_locate(server, &name, &extent, NULL));
    pup_extent_clear(&extent);
    remove_room(f, "b");
    gc(f, FALSE);
    assert_int_equal(pup_store_current(server, PUP_KIND_ROOM, "a", NULL), 1);
    assert_false(pup_store_locate(server, &name, &extent, NULL));
}

typedef struct {
    Fixture *f;
    int stop; /* atomic */
    char *failure;
} Reader;

static gpointer
read_always(gpointer data)
{
    Reader *reader = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(PupStore) store = pup_store_open(reader->f->uri, &error);
    while (store && !error && !g_atomic_int_get(&reader->stop))
        fixture_matches(reader->f, store, "a", 1, disk1, 4, &error);
    if (error)
        reader->failure = g_strdup(error->message);
    return NULL;
}

/* Readers in the midst of packs that come, are rewritten, joined and go. */
static void
test_beside_readers(void **state)
{
    Fixture *f = *state;
    Reader readers[2] = {{.f = f}, {.f = f}};
    GThread *threads[2];
    unsigned filler[24];
    for (unsigned i = 0; i < G_N_ELEMENTS(filler); i++)
        filler[i] = 2000 + i;
    memcpy(filler, disk1, sizeof disk1);
    /* The first pack is mostly the filler's, so that gc must move disk1. */
    fixture_publish(f, "filler", 1, filler, G_N_ELEMENTS(filler));
    fixture_publish(f, "a", 1, disk1, 4);
    for (unsigned i = 0; i < 2; i++)
        threads[i] = g_thread_new("reader", read_always, &readers[i]);
    remove_room(f, "filler");
    PupGcReport report = gc(f, FALSE);
    assert_int_equal(report.n_packs_rewritten, 1);
    for (unsigned round = 1; round <= 2; round++) {
        for (unsigned i = 0; i < 17; i++) {
            const unsigned seed = 100 * round + i;
            g_autofree char *room = g_strdup_printf("room%u", i);
            fixture_publish(f, room, 1, &seed, 1);
        }
        gc(f, FALSE);
        for (unsigned i = 0; i < 17; i++) {
            g_autofree char *room = g_strdup_printf("room%u", i);
            remove_room(f, room);
        }
        gc(f, FALSE);
    }
    for (unsigned i = 0; i < 2; i++) {
        g_atomic_int_set(&readers[i].stop, 1);
        g_thread_join(threads[i]);
        if (readers[i].failure)
            fail_msg("reader: %s", readers[i].failure);
    }
    assert_room(f, "a", 1, disk1, 4);
    assert_clean(f);
}

/* A full disk while packs are rewritten: the old ones stay. */
static void
test_no_space(void **state)
{
    static const char *const points[] = {"chunk-written:2:enospc", "pack-synced:1:enospc",
                                         "file-written:1:enospc"};
    static const unsigned large[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    static const unsigned little[] = {2, 3};
    Fixture *f = *state;
    fixture_publish(f, "a", 1, large, 10);
    fixture_publish(f, "b", 1, little, 2);
    remove_room(f, "a");
    for (size_t i = 0; i < G_N_ELEMENTS(points); i++) {
        g_autoptr(GError) error = NULL;
        PupGcReport report;
        assert_true(pup_failpoint_arm(points[i], NULL));
        assert_false(pup_gc(f->store, FALSE, NULL, NULL, &report, &error));
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_NO_SPACE));
        assert_true(pup_failpoint_arm(NULL, NULL));
        assert_room(f, "b", 1, little, 2);
        assert_clean(f);
    }
    PupGcReport report = gc(f, FALSE);
    assert_true(report.n_packs_rewritten > 0);
    assert_room(f, "b", 1, little, 2);
}

static void
count_calls(gpointer data, const char *what, guint64 done, guint64 total)
{
    assert_non_null(what);
    assert_in_range(done, 1, total);
    ++*(unsigned *) data;
}

static void
test_progress(void **state)
{
    Fixture *f = *state;
    unsigned n_calls = 0;
    PupGcReport report;
    fixture_publish(f, "a", 1, disk1, 4);
    assert_true(pup_gc(f->store, FALSE, count_calls, &n_calls, &report, NULL));
    assert_int_equal(n_calls, 1);
}

int
main(void)
{
#define GC_TEST(test)                                                                    \
    cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        GC_TEST(test_empty_store),
        GC_TEST(test_all_needed),
        GC_TEST(test_dead_pack_removed),
        GC_TEST(test_sparse_pack_rewritten),
        GC_TEST(test_boot_profile_lives),
        GC_TEST(test_small_packs_joined),
        GC_TEST(test_rewritten_once),
        GC_TEST(test_copies_go),
        GC_TEST(test_page_as_disk_content),
        GC_TEST(test_leftovers_removed),
        cmocka_unit_test(test_damaged_store_is_not_swept),
        GC_TEST(test_busy_beside_a_publish),
        GC_TEST(test_publish_after_gc_of_another),
        GC_TEST(test_extent_outlives_gc),
        GC_TEST(test_removed_packs_are_let_go),
        GC_TEST(test_beside_readers),
        GC_TEST(test_no_space),
        GC_TEST(test_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
