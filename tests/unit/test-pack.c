/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/store/pack_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/failpoint.h"
#include "server/store/dir.h"
#include "server/store/pack_file.h"
#include "server/store/pack_set.h"
#include "tests/unit/store_fixture.h"

#define N_CHUNKS 3u

typedef struct {
    char *dir;
    PupPackId id;
    char *pack, *index; /* paths */
    PupName names[N_CHUNKS];
    PupChunkCodec *codec;
} Packed;

static void
put_chunk(PupPackWriter *writer, unsigned seed, PupName *name)
{
    g_autoptr(PupChunkCodec) codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autofree guint8 *encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);
    g_autoptr(GError) error = NULL;
    fixture_chunk(seed, plain, name);
    size_t len = pup_chunk_encode(codec, plain, encoded);
    if (!pup_pack_writer_put(writer, name, encoded, len, &error))
        fail_msg("%s", error->message);
}

static void
find_files(Packed *p)
{
    g_auto(GStrv) files = pup_file_list(p->dir, NULL);
    for (char **file = files; *file; file++)
        if (pup_pack_id_from_file(*file, ".pack", &p->id))
            break;
    p->pack = pup_pack_path(p->dir, &p->id, ".pack");
    p->index = pup_pack_path(p->dir, &p->id, ".idx");
}

static int
setup(void **state)
{
    Packed *p = g_new0(Packed, 1);
    p->dir = g_dir_make_tmp("pup-pack-XXXXXX", NULL);
    g_autoptr(PupPackWriter) writer = pup_pack_writer_new(p->dir);
    for (unsigned i = 0; i < N_CHUNKS; i++)
        put_chunk(writer, i + 1, &p->names[i]);
    assert_true(pup_pack_writer_finish(writer, NULL));
    find_files(p);
    p->codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    *state = p;
    return 0;
}

static int
teardown(void **state)
{
    Packed *p = *state;
    assert_true(pup_dir_remove_tree(p->dir, NULL));
    pup_chunk_codec_free(p->codec);
    g_free(p->dir);
    g_free(p->pack);
    g_free(p->index);
    g_free(p);
    return pup_failpoint_arm(NULL, NULL) ? 0 : -1;
}

/* Chunks that read back right from the pack, opened as readers open it. */
static unsigned
n_readable(const Packed *p)
{
    g_autoptr(PupPack) pack = pup_pack_open(p->dir, &p->id, NULL);
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autofree guint8 *encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);
    unsigned n = 0;
    for (unsigned i = 0; pack && i < N_CHUNKS; i++) {
        guint32 at;
        PupPackEntry entry;
        if (!pup_pack_index_find(pack->index, &p->names[i], &at))
            continue;
        pup_pack_index_get(pack->index, at, &entry);
        n += pup_pack_read(pack, &entry, encoded, NULL) &&
             pup_chunk_decode(p->codec, encoded, entry.length, &p->names[i], plain, NULL);
    }
    return n;
}

static void
test_round_trip(void **state)
{
    Packed *p = *state;
    assert_int_equal(n_readable(p), N_CHUNKS);
    g_auto(GStrv) files = pup_file_list(p->dir, NULL);
    assert_int_equal(g_strv_length(files), 2);
}

static void
test_nothing_put_nothing_made(void **state)
{
    g_autofree char *dir = g_dir_make_tmp("pup-pack-XXXXXX", NULL);
    PupPackWriter *writer = pup_pack_writer_new(dir);
    assert_true(pup_pack_writer_finish(writer, NULL));
    pup_pack_writer_free(writer);
    assert_int_equal(rmdir(dir), 0);
}

typedef struct {
    PupPackWriter *writer;
    gboolean failed;
} Putter;

static gpointer
put_many(gpointer data)
{
    Putter *putter = data;
    guint8 encoded[64];
    for (unsigned i = 0; i < 500; i++) {
        PupName name;
        memset(encoded, (int) (i & 0xff), sizeof encoded);
        memcpy(encoded, &i, sizeof i);
        pup_name_of(encoded, sizeof encoded, &name);
        if (!pup_pack_writer_put(putter->writer, &name, encoded, 2 + i % 62, NULL))
            putter->failed = TRUE;
    }
    return NULL;
}

/* Four threads put the same 500: each is there once, and the records follow each other
 * without a gap. */
static void
test_threads(void **state)
{
    g_autofree char *dir = g_dir_make_tmp("pup-pack-XXXXXX", NULL);
    Packed p = {.dir = dir};
    GThread *threads[4];
    Putter putter = {.writer = pup_pack_writer_new(dir)};
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("putter", put_many, &putter);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    assert_false(putter.failed);
    assert_true(pup_pack_writer_finish(putter.writer, NULL));
    guint64 bytes = pup_pack_writer_bytes(putter.writer);
    pup_pack_writer_free(putter.writer);
    find_files(&p);
    g_autoptr(PupPack) pack = pup_pack_open(dir, &p.id, NULL);
    assert_int_equal(pup_pack_index_n_entries(pack->index), 500);
    assert_int_equal(pack->bytes, bytes + 500 * PUP_PACK_RECORD_BYTES +
                                      PUP_PACK_HEADER_BYTES + PUP_PACK_RECORD_BYTES);
    PupPackCursor cursor;
    PupPackEntry entry;
    PupPackStep step;
    unsigned n = 0;
    pup_pack_cursor_init(&cursor, pack->fd, pack->bytes, "pack");
    while ((step = pup_pack_cursor_next(&cursor, &entry, NULL)) == PUP_PACK_RECORD)
        n++;
    assert_int_equal(step, PUP_PACK_END);
    assert_int_equal(n, 500);
    assert_true(pup_dir_remove_tree(dir, NULL));
    g_free(p.pack);
    g_free(p.index);
}

/* A disk that is full, or fails, at each step: the writer says so and leaves nothing. */
static void
test_writer_fails(void **state)
{
    static const char *const points[] = {
        "pack-created:1:enospc", "pack-started:1:enospc", "chunk-reserved:3:enospc",
        "chunk-written:5:eio",   "pack-ended:1:enospc",   "pack-synced:1:eio",
        "pack-renamed:1:enospc", "pack-in-place:1:eio",   "file-written:1:enospc",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(points); i++) {
        g_autofree char *dir = g_dir_make_tmp("pup-pack-XXXXXX", NULL);
        g_autofree guint8 *encoded = g_malloc0(100);
        gboolean ok = TRUE;
        assert_true(pup_failpoint_arm(points[i], NULL));
        PupPackWriter *writer = pup_pack_writer_new(dir);
        for (unsigned n = 1; n <= 6 && ok; n++) {
            g_autoptr(GError) error = NULL;
            PupName name;
            memset(encoded, (int) n, 100);
            pup_name_of(encoded, 100, &name);
            ok = pup_pack_writer_put(writer, &name, encoded, 100, &error);
            assert_int_equal(ok, error == NULL);
        }
        g_autoptr(GError) error = NULL;
        assert_false(pup_pack_writer_finish(writer, &error));
        assert_int_equal(error->domain, PUP_ERROR);
        pup_pack_writer_free(writer);
        assert_int_equal(rmdir(dir), 0);
    }
}

static void
test_ids(void **state)
{
    static const struct {
        const char *file;
        gboolean good;
    } cases[] = {
        {"0123456789abcdef0123456789abcdef.pack", TRUE},
        {"0123456789abcdef0123456789abcdef.idx", FALSE},
        {"0123456789abcdef0123456789abcdef.pack~", FALSE},
        {"0123456789ABCDEF0123456789abcdef.pack", FALSE},
        {"0123456789abcdef0123456789abcde.pack", FALSE},
        {"0123456789abcdef0123456789abcdef0.pack", FALSE},
        {".0123456789abcdef0123456789abcdef.pack", FALSE},
        {"", FALSE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        PupPackId id;
        assert_int_equal(pup_pack_id_from_file(cases[i].file, ".pack", &id),
                         cases[i].good);
    }
    PupPackId one, two;
    pup_pack_id_new(&one);
    pup_pack_id_new(&two);
    assert_int_equal(strlen(one.text), PUP_PACK_ID_LEN);
    assert_string_not_equal(one.text, two.text);
}

/* Every byte of an index flipped: refused by name. Readers then make do with the pack. */
static void
test_index_flipped(void **state)
{
    Packed *p = *state;
    g_autoptr(GByteArray) good = fixture_read(p->index);
    for (guint i = 0; i < good->len; i++) {
        g_autoptr(GError) error = NULL;
        good->data[i] ^= (guint8) (1u << (i % 8));
        fixture_write(p->index, good->data, good->len);
        assert_null(pup_pack_index_open(p->index, &p->id, &error));
        assert_int_equal(error->domain, PUP_ERROR);
        if (error->code == PUP_ERROR_CORRUPT)
            assert_int_equal(n_readable(p), N_CHUNKS);
        else
            assert_int_equal(error->code, PUP_ERROR_UNSUPPORTED);
        good->data[i] ^= (guint8) (1u << (i % 8));
    }
}

static void
test_index_cut(void **state)
{
    Packed *p = *state;
    g_autoptr(GByteArray) good = fixture_read(p->index);
    for (guint len = 0; len < good->len; len++) {
        g_autoptr(GError) error = NULL;
        fixture_write(p->index, good->data, len);
        assert_null(pup_pack_index_open(p->index, &p->id, &error));
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_CORRUPT));
        assert_int_equal(n_readable(p), N_CHUNKS);
    }
}

/* What a program's mistake could write under a right checksum. */
static void
test_index_lies(void **state)
{
    enum { BEFORE = 64, ENTRY = 48 };
    static const struct {
        guint at;
        guint8 value;
    } cases[] = {
        {48, 4},          /* fewer entries than there are */
        {51, 1},          /* far more */
        {56, 90},         /* a small pack: the entries lie outside */
        {BEFORE, 255},    /* not sorted */
        {BEFORE + 32, 3}, /* in the pack's header */
        {BEFORE + 38, 1}, /* far behind the pack's end */
        {BEFORE + 42, 3}, /* longer than any chunk */
    };
    Packed *p = *state;
    g_autoptr(GByteArray) good = fixture_read(p->index);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree guint8 *bad = g_memdup2(good->data, good->len);
        size_t body = good->len - sizeof(PupName);
        PupName sum;
        bad[cases[i].at] = cases[i].value;
        if (cases[i].at == 56)
            memset(bad + 57, 0, 7);
        if (cases[i].at == BEFORE + 32)
            memset(bad + BEFORE + 33, 0, 7);
        pup_name_of(bad, body, &sum);
        memcpy(bad + body, &sum, sizeof sum);
        g_autoptr(GBytes) bytes = g_bytes_new(bad, good->len);
        PupPackIndex *index = pup_pack_index_parse(bytes, &p->id, "index", &error);
        if (index || !g_error_matches(error, PUP_ERROR, PUP_ERROR_CORRUPT))
            fail_msg("case %zu", i);
    }
}

static void
test_index_twice_the_same(void **state)
{
    Packed *p = *state;
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(PupPackEntry));
    PupPackEntry second = {.name = p->names[0], .offset = 500, .length = 10};
    PupPackEntry first = {.name = p->names[0], .offset = 100, .length = 10};
    g_array_append_val(entries, second);
    g_array_append_val(entries, first);
    g_autoptr(GBytes) bytes = pup_pack_index_format(entries, &p->id, 1000);
    g_autoptr(PupPackIndex) index = pup_pack_index_parse(bytes, &p->id, "index", NULL);
    assert_int_equal(pup_pack_index_n_entries(index), 1);
    pup_pack_index_get(index, 0, &first);
    assert_int_equal(first.offset, 100);
}

static void
test_index_find(void **state)
{
    Packed *p = *state;
    g_autoptr(PupPackIndex) index = pup_pack_index_open(p->index, &p->id, NULL);
    for (unsigned i = 0; i < N_CHUNKS; i++) {
        guint32 at;
        PupName other = p->names[i];
        assert_true(pup_pack_index_find(index, &p->names[i], &at));
        assert_true(pup_name_equal(pup_pack_index_name(index, at), &p->names[i]));
        other.bytes[31] ^= 1;
        assert_false(pup_pack_index_find(index, &other, &at));
    }
}

/* Every byte of a pack flipped, its index whole: at most that one chunk is lost, and none
 * reads wrong. */
static void
test_pack_flipped(void **state)
{
    Packed *p = *state;
    g_autoptr(GByteArray) good = fixture_read(p->pack);
    for (guint i = 0; i < good->len; i++) {
        good->data[i] ^= (guint8) (1u << (i % 8));
        fixture_write(p->pack, good->data, good->len);
        assert_in_range(n_readable(p), N_CHUNKS - 1, N_CHUNKS);
        good->data[i] ^= (guint8) (1u << (i % 8));
    }
}

/* The same without a usable index: what is left is found again behind the damage. */
static void
test_pack_flipped_and_index_gone(void **state)
{
    Packed *p = *state;
    g_autoptr(GByteArray) good = fixture_read(p->pack);
    fixture_write(p->index, "", 0);
    assert_int_equal(n_readable(p), N_CHUNKS);
    for (guint i = 0; i < good->len; i++) {
        good->data[i] ^= (guint8) (1u << (i % 8));
        fixture_write(p->pack, good->data, good->len);
        assert_in_range(n_readable(p), N_CHUNKS - 1, N_CHUNKS);
        good->data[i] ^= (guint8) (1u << (i % 8));
    }
}

static void
test_pack_cut(void **state)
{
    Packed *p = *state;
    g_autoptr(GByteArray) good = fixture_read(p->pack);
    unsigned before = 0;
    for (guint len = 0; len <= good->len; len++) {
        fixture_write(p->pack, good->data, len);
        unsigned n = n_readable(p);
        assert_in_range(n, before, before + 1);
        before = n;
    }
    assert_int_equal(before, N_CHUNKS);
}

/* A set finds what any of its packs holds, and of two copies the larger pack's. */
static void
test_set(void **state)
{
    Packed *p = *state;
    PupName name, unknown;
    g_autoptr(PupPackWriter) writer = pup_pack_writer_new(p->dir);
    g_autoptr(GPtrArray) packs =
        g_ptr_array_new_with_free_func((GDestroyNotify) pup_pack_unref);
    for (unsigned seed = 3; seed < 40; seed++)
        put_chunk(writer, seed, &name);
    assert_true(pup_pack_writer_finish(writer, NULL));
    g_auto(GStrv) files = pup_file_list(p->dir, NULL);
    for (char **file = files; *file; file++) {
        PupPackId id;
        if (pup_pack_id_from_file(*file, ".idx", &id))
            g_ptr_array_add(packs, pup_pack_open(p->dir, &id, NULL));
    }
    g_autoptr(PupPackSet) set = pup_pack_set_new(packs);
    assert_int_equal(pup_pack_set_n_packs(set), 2);
    assert_ptr_equal(pup_pack_set_by_id(set, &p->id), pup_pack_set_pack(set, 1));
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    for (unsigned seed = 1; seed < 40; seed++) {
        PupPlace place;
        fixture_chunk(seed, plain, &name);
        assert_true(pup_pack_set_find(set, &name, &place));
        assert_int_equal(place.pack, seed < 3);
        const PupPack *pack = pup_pack_set_pack(set, place.pack);
        assert_true(pup_name_equal(pup_pack_index_name(pack->index, place.entry), &name));
    }
    fixture_chunk(41, plain, &unknown);
    PupPlace place;
    assert_false(pup_pack_set_find(set, &unknown, &place));
}

static void
test_empty_set(void **state)
{
    g_autoptr(GPtrArray) packs = g_ptr_array_new();
    g_autoptr(PupPackSet) set = pup_pack_set_new(packs);
    PupName name;
    PupPlace place;
    pup_name_of("x", 1, &name);
    assert_false(pup_pack_set_find(set, &name, &place));
}

int
main(void)
{
#define PACK_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        PACK_TEST(test_round_trip),
        cmocka_unit_test(test_nothing_put_nothing_made),
        cmocka_unit_test(test_threads),
        PACK_TEST(test_writer_fails),
        cmocka_unit_test(test_ids),
        PACK_TEST(test_index_flipped),
        PACK_TEST(test_index_cut),
        PACK_TEST(test_index_lies),
        PACK_TEST(test_index_twice_the_same),
        PACK_TEST(test_index_find),
        PACK_TEST(test_pack_flipped),
        PACK_TEST(test_pack_flipped_and_index_gone),
        PACK_TEST(test_pack_cut),
        PACK_TEST(test_set),
        cmocka_unit_test(test_empty_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
