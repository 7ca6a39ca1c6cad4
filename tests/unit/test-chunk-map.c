/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/chunk_map.h"

#define GIB (G_GUINT64_CONSTANT(1) << 30)

static void
test_sizes(void **state)
{
    static const struct {
        guint64 disk_bytes, n_chunks, n_pages;
    } rows[] = {
        {1, 1, 1},
        {PUP_CHUNK_BYTES, 1, 1},
        {PUP_CHUNK_BYTES + 1, 2, 1},
        {PUP_PAGE_COVERS_BYTES, 4096, 1},
        {PUP_PAGE_COVERS_BYTES + 1, 4097, 2},
        {40 * GIB, 327680, 80},
        {PUP_DISK_MAX_BYTES, G_GUINT64_CONSTANT(1) << 29, 131072},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(PupChunkMap) map = pup_chunk_map_new(rows[i].disk_bytes);
        assert_int_equal(pup_chunk_map_disk_bytes(map), rows[i].disk_bytes);
        assert_int_equal(pup_chunk_map_n_chunks(map), rows[i].n_chunks);
        assert_int_equal(pup_chunk_map_n_pages(map), rows[i].n_pages);
    }
}

static void
test_bad_pages(void **state)
{
    static const struct {
        guint64 disk_bytes, n_pages;
    } rows[] = {
        {0, 0},
        {0, 1},
        {1, 0},
        {1, 2},
        {PUP_PAGE_COVERS_BYTES + 1, 1},
        {PUP_DISK_MAX_BYTES + 1, 131073},
        {G_MAXUINT64, 1},
    };
    PupName pages[2] = {{{0}}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        assert_null(pup_chunk_map_new_from_pages(rows[i].disk_bytes, pages,
                                                 rows[i].n_pages, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, NULL);
    }
}

static void
test_new_is_zeros(void **state)
{
    g_autoptr(PupChunkMap) map = pup_chunk_map_new(GIB);
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    PupName name;
    for (guint64 i = 0; i < pup_chunk_map_n_chunks(map); i += 1000) {
        memset(&name, 1, sizeof name);
        assert_true(pup_chunk_map_get(map, i, &name));
        assert_true(pup_name_is_null(&name));
    }
    assert_true(pup_chunk_map_page_loaded(map, 1));
    assert_false(pup_chunk_map_seal_page(map, 1, plain, &name));
    assert_true(pup_name_is_null(&name));
    memset(&name, 0, sizeof name);
    pup_chunk_map_set(map, 0, &name);
    assert_false(pup_chunk_map_page_changed(map, 0));
}

/* A page that has been set, sealed and loaded elsewhere says the same there. */
static void
test_set_seal_load(void **state)
{
    const guint64 disk_bytes = PUP_PAGE_COVERS_BYTES + 5 * PUP_CHUNK_BYTES;
    g_autoptr(PupChunkMap) map = pup_chunk_map_new(disk_bytes);
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    PupName chunk, pages[2] = {{{0}}}, got, of_plain;
    GError *error = NULL;
    pup_name_of("chunk", 5, &chunk);
    pup_chunk_map_set(map, PUP_PAGE_NAMES + 4, &chunk);
    assert_false(pup_chunk_map_page_changed(map, 0));
    assert_true(pup_chunk_map_page_changed(map, 1));
    assert_true(pup_chunk_map_seal_page(map, 1, plain, &pages[1]));
    assert_false(pup_chunk_map_page_changed(map, 1));
    pup_name_of(plain, PUP_CHUNK_BYTES, &of_plain);
    assert_true(pup_name_equal(&pages[1], &of_plain));
    assert_true(pup_name_equal(pup_chunk_map_page_name(map, 1), &of_plain));
    assert_memory_equal(plain + 4 * sizeof chunk, &chunk, sizeof chunk);

    g_autoptr(PupChunkMap) other =
        pup_chunk_map_new_from_pages(disk_bytes, pages, 2, &error);
    assert_true(pup_chunk_map_page_loaded(other, 0));
    assert_false(pup_chunk_map_page_loaded(other, 1));
    assert_false(pup_chunk_map_get(other, PUP_PAGE_NAMES + 4, &got));
    assert_true(pup_chunk_map_load_page(other, 1, plain, &error));
    assert_true(pup_chunk_map_get(other, PUP_PAGE_NAMES + 4, &got));
    assert_true(pup_name_equal(&got, &chunk));
    assert_true(pup_chunk_map_get(other, PUP_PAGE_NAMES + 3, &got));
    assert_true(pup_name_is_null(&got));
}

static void
test_back_to_null(void **state)
{
    g_autoptr(PupChunkMap) map = pup_chunk_map_new(GIB);
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    PupName chunk, none = {{0}}, page;
    pup_name_of("chunk", 5, &chunk);
    pup_chunk_map_set(map, 7, &chunk);
    assert_true(pup_chunk_map_seal_page(map, 0, plain, &page));
    pup_chunk_map_set(map, 7, &none);
    assert_false(pup_chunk_map_seal_page(map, 0, plain, &page));
    assert_true(pup_name_is_null(&page));
    assert_true(pup_name_is_null(pup_chunk_map_page_name(map, 0)));
}

static void
test_padding(void **state)
{
    g_autoptr(PupChunkMap) map = pup_chunk_map_new(3 * PUP_CHUNK_BYTES);
    g_autofree guint8 *plain = g_malloc0(PUP_CHUNK_BYTES);
    GError *error = NULL;
    PupName got;
    plain[2 * PUP_NAME_BYTES] = 9;
    assert_true(pup_chunk_map_load_page(map, 0, plain, &error));
    for (size_t i = 3 * PUP_NAME_BYTES; i < PUP_CHUNK_BYTES; i += 31) {
        plain[i] = 1;
        plain[2 * PUP_NAME_BYTES] = 8;
        assert_false(pup_chunk_map_load_page(map, 0, plain, &error));
        unit_assert_error(&error, PUP_ERROR_CORRUPT, "page 0");
        plain[i] = 0;
    }
    /* A refused page leaves the loaded one as it was. */
    assert_true(pup_chunk_map_get(map, 2, &got));
    assert_int_equal(got.bytes[0], 9);
}

static void
test_copy(void **state)
{
    g_autoptr(PupChunkMap) map = pup_chunk_map_new(GIB);
    PupName one, two, got;
    pup_name_of("1", 1, &one);
    pup_name_of("2", 1, &two);
    pup_chunk_map_set(map, 0, &one);
    g_autoptr(PupChunkMap) copy = pup_chunk_map_copy(map);
    pup_chunk_map_set(map, 0, &two);
    assert_true(pup_chunk_map_get(copy, 0, &got));
    assert_true(pup_name_equal(&got, &one));
    assert_true(pup_chunk_map_page_changed(copy, 0));
    assert_int_equal(pup_chunk_map_disk_bytes(copy), GIB);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),        cmocka_unit_test(test_bad_pages),
        cmocka_unit_test(test_new_is_zeros), cmocka_unit_test(test_set_seal_load),
        cmocka_unit_test(test_back_to_null), cmocka_unit_test(test_padding),
        cmocka_unit_test(test_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
