/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Segments that a power cut has torn or a bad disk has changed. */
#include "config.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "client-image/stream/segment.h"

#define N_CHUNKS 3u
#define LENGTH(i) (10u + 7u * (i))

static void
fill(guint8 *data, unsigned i, PupName *name)
{
    memset(data, (int) (0x40 + i), LENGTH(i));
    pup_name_of(&i, sizeof i, name);
}

static void
append(PupSegment *segment, unsigned i)
{
    g_autoptr(GError) error = NULL;
    guint8 data[LENGTH(N_CHUNKS)];
    PupSegmentEntry entry;
    PupName name;

    fill(data, i, &name);
    pup_segment_append(segment, &name, data, LENGTH(i), &entry, &error);
    unit_assert_no_error(error);
    assert_true(pup_name_equal(&entry.name, &name));
    assert_int_equal(entry.length, LENGTH(i));
}

/* @entry is chunk @i, and its bytes are what they were. */
static void
check_entry(PupSegment *segment, const PupSegmentEntry *entry, unsigned i)
{
    g_autoptr(GError) error = NULL;
    guint8 data[LENGTH(N_CHUNKS)], read[LENGTH(N_CHUNKS)];
    PupName name;

    fill(data, i, &name);
    assert_true(pup_name_equal(&entry->name, &name));
    assert_int_equal(entry->length, LENGTH(i));
    pup_segment_read(segment, entry->offset, entry->length, read, &error);
    unit_assert_no_error(error);
    assert_memory_equal(read, data, LENGTH(i));
}

/* @segment holds chunks 0 to @n - 1. */
static void
check_list(PupSegment *segment, unsigned n)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) list = pup_segment_list(segment, &error);

    unit_assert_no_error(error);
    assert_int_equal(list->len, n);
    for (unsigned i = 0; i < n; i++)
        check_entry(segment, &g_array_index(list, PupSegmentEntry, i), i);
}

static PupSegment *
make(const char *dir, gboolean sealed)
{
    g_autoptr(GError) error = NULL;
    PupSegment *segment = pup_segment_new(dir, 7, &error);

    unit_assert_no_error(error);
    for (unsigned i = 0; i < N_CHUNKS; i++)
        append(segment, i);
    if (sealed)
        assert_true(pup_segment_seal(segment, NULL));
    return segment;
}

static void
test_sealed_and_not(void **state)
{
    char *dir = unit_make_dir();

    for (int sealed = 0; sealed <= 1; sealed++) {
        g_autoptr(PupSegment) segment = make(dir, sealed);
        guint64 bytes = pup_segment_bytes(segment);
        check_list(segment, N_CHUNKS);
        pup_segment_unref(segment);
        segment = pup_segment_open(dir, 7, NULL);
        assert_int_equal(pup_segment_is_sealed(segment), sealed);
        assert_int_equal(pup_segment_bytes(segment), bytes);
        check_list(segment, N_CHUNKS);
        pup_segment_remove(segment);
        check_list(segment, N_CHUNKS);
    }
    unit_remove_dir(dir);
}

/* What is open for more takes more after it was opened again, and says how large it will
 * be. */
static void
test_goes_on(void **state)
{
    g_autoptr(PupSegment) segment = NULL;
    char *dir = unit_make_dir();
    guint64 foretold;

    pup_segment_unref(make(dir, FALSE));
    segment = pup_segment_open(dir, 7, NULL);
    foretold = pup_segment_bytes_with(segment, LENGTH(N_CHUNKS));
    append(segment, N_CHUNKS);
    assert_true(pup_segment_seal(segment, NULL));
    assert_int_equal(pup_segment_bytes(segment), foretold);
    check_list(segment, N_CHUNKS + 1);
    unit_remove_dir(dir);
}

static void
test_does_not_take_over_a_file(void **state)
{
    g_autoptr(PupSegment) segment = NULL;
    g_autoptr(GError) error = NULL;
    char *dir = unit_make_dir();

    segment = make(dir, TRUE);
    assert_null(pup_segment_new(dir, 7, &error));
    unit_assert_error(&error, PUP_ERROR_EXISTS, "0000000000000007.segment");
    unit_remove_dir(dir);
}

/* ---- damage */

static char *dir_of_damage;

static PupSegment *
open_bytes(const char *text, size_t len, GError **error)
{
    g_autofree char *path =
        g_build_filename(dir_of_damage, "0000000000000007.segment", NULL);

    g_unlink(path); /* it is not made shorter otherwise */
    assert_true(g_file_set_contents_full(path, text, (gssize) len,
                                         G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    return pup_segment_open(dir_of_damage, 7, error);
}

/* Each chunk of which the record is there in full. */
static unsigned
n_whole(size_t len)
{
    size_t end = 16;
    unsigned n = 0;

    while (n < N_CHUNKS && (end += 48 + LENGTH(n)) <= len)
        n++;
    return n;
}

static void
each_cut(const char *text, size_t len, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupSegment) segment = open_bytes(text, len, &error);

    if (len < 16) {
        assert_null(segment);
        unit_assert_error(&error, PUP_ERROR_CORRUPT, NULL);
        return;
    }
    unit_assert_no_error(error);
    assert_false(pup_segment_is_sealed(segment));
    check_list(segment, n_whole(len));
    append(segment, n_whole(len));
    check_list(segment, n_whole(len) + 1);
}

/* Whatever a flipped bit does, entries stay inside the file, and what was whole before
 * the damage is still there. */
static void
each_flip(const char *text, size_t len, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupSegment) segment = open_bytes(text, len, &error);
    g_autoptr(GArray) list = segment ? pup_segment_list(segment, &error) : NULL;

    if (!segment) {
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_CORRUPT) ||
                    g_error_matches(error, PUP_ERROR, PUP_ERROR_UNSUPPORTED));
        return;
    }
    unit_assert_no_error(error);
    for (guint i = 0; i < list->len; i++) {
        const PupSegmentEntry *entry = &g_array_index(list, PupSegmentEntry, i);
        PupName name;
        guint8 expected[LENGTH(N_CHUNKS)];
        fill(expected, i, &name);
        assert_true(pup_name_equal(&entry->name, &name));
        assert_int_equal(entry->length, LENGTH(i));
        assert_true(entry->offset + entry->length <= len);
    }
}

static void
damage(gboolean sealed, void (*each)(const char *, size_t, UnitParse, gpointer),
       UnitParse parse)
{
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    size_t len;

    dir_of_damage = unit_make_dir();
    pup_segment_unref(make(dir_of_damage, sealed));
    path = g_build_filename(dir_of_damage, "0000000000000007.segment", NULL);
    assert_true(g_file_get_contents(path, &text, &len, NULL));
    each(text, len, parse, NULL);
    unit_remove_dir(dir_of_damage);
}

static void
test_cut_anywhere(void **state)
{
    damage(FALSE, unit_each_cut, each_cut);
    damage(TRUE, unit_each_cut, each_cut);
}

static void
test_flipped_anywhere(void **state)
{
    damage(FALSE, unit_each_flip, each_flip);
    damage(TRUE, unit_each_flip, each_flip);
}

static void
test_newer_format_is_refused(void **state)
{
    static const char header[16] = "PUP-SEGM\x02";
    g_autoptr(GError) error = NULL;

    dir_of_damage = unit_make_dir();
    assert_null(open_bytes(header, sizeof header, &error));
    unit_assert_error(&error, PUP_ERROR_UNSUPPORTED, "format 2");
    unit_remove_dir(dir_of_damage);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sealed_and_not),
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_does_not_take_over_a_file),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_flipped_anywhere),
        cmocka_unit_test(test_newer_format_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
