/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <glib/gstdio.h>
#include <string.h>

#include "client-image/screen/font.h"
#include "client-image/screen/text.h"
#include "lib/error.h"
#include "lib/file.h"

/* A PSF 2 font of three glyphs, 10 x 4: '?', 'A' (also U+00C0) and U+263A. */
static const guint8 psf2[] = {
    0x72, 0xb5, 0x4a, 0x86, 0,    0,    0,   0,    32,   0,    0,    0,    1,    0,
    0,    0,    3,    0,    0,    0,    8,   0,    0,    0,    4,    0,    0,    0,
    10,   0,    0,    0,    0xff, 0xc0, 0,   0,    0,    0,    0xff, 0xc0, 0x80, 0x40,
    0,    0,    0,    0,    0x80, 0x40, 0,   0,    0xff, 0xc0, 0xff, 0xc0, 0,    0,
    '?',  0xff, 'A',  0xc3, 0x80, 0xfe, 'A', 0xcc, 0x80, 0xff, 0xe2, 0x98, 0xba, 0xff,
};

/* A PSF 1 font of 256 glyphs, 8 x 1, glyph n with the bits of n, and its table. */
static GByteArray *
make_psf1(gboolean with_table)
{
    GByteArray *font = g_byte_array_new();
    const guint8 header[4] = {0x36, 0x04, with_table ? 2 : 0, 1};

    g_byte_array_append(font, header, sizeof header);
    for (unsigned i = 0; i < 256; i++) {
        guint8 bits = (guint8) i;
        g_byte_array_append(font, &bits, 1);
    }
    for (unsigned i = 0; with_table && i < 256; i++) {
        /* Glyph n is character 0x400 + n, and part of a sequence. */
        const guint8 entry[] = {(guint8) i, 4, 0xfe, 0xff, 'x', 0, 0xff, 0xff};
        g_byte_array_append(font, entry, sizeof entry);
    }
    return font;
}

static void
test_psf2(void **state)
{
    g_autoptr(PupFont) font = pup_font_parse("x", psf2, sizeof psf2, NULL);

    assert_non_null(font);
    assert_int_equal(pup_font_width(font), 10);
    assert_int_equal(pup_font_height(font), 4);
    assert_int_equal(pup_font_glyph(font, 'A'), 1);
    assert_int_equal(pup_font_glyph(font, 0xc0), 1);
    assert_int_equal(pup_font_glyph(font, 0x263a), 2);
    assert_int_equal(pup_font_glyph(font, 0x300), 0); /* only within a sequence */
    assert_int_equal(pup_font_glyph(font, 'B'), 0);
    assert_true(pup_font_bit(font, 1, 0, 0));
    assert_true(pup_font_bit(font, 1, 9, 0));
    assert_false(pup_font_bit(font, 1, 1, 0));
    assert_true(pup_font_bit(font, 1, 9, 3));
    assert_false(pup_font_bit(font, 1, 10, 0));
    assert_false(pup_font_bit(font, 1, 0, -1));
    assert_false(pup_font_bit(font, 3, 0, 0));
}

static void
test_psf1(void **state)
{
    g_autoptr(GByteArray) plain = make_psf1(FALSE), mapped = make_psf1(TRUE);
    g_autoptr(PupFont) font = pup_font_parse("x", plain->data, plain->len, NULL);

    assert_non_null(font);
    assert_int_equal(pup_font_width(font), 8);
    assert_int_equal(pup_font_glyph(font, 'A'), 'A');
    assert_int_equal(pup_font_glyph(font, 0x100), '?');
    assert_true(pup_font_bit(font, 0x80, 0, 0));
    assert_false(pup_font_bit(font, 0x80, 7, 0));

    g_autoptr(PupFont) table = pup_font_parse("x", mapped->data, mapped->len, NULL);
    assert_non_null(table);
    assert_int_equal(pup_font_glyph(table, 0x441), 0x41);
    assert_int_equal(pup_font_glyph(table, 'x'), 0); /* only within sequences */
}

/* Ask @font all that it can be asked. */
static void
use(const PupFont *font)
{
    for (gunichar c = 0; c < 0x300; c++) {
        unsigned glyph = pup_font_glyph(font, c);
        pup_font_bit(font, glyph, pup_font_width(font) - 1, pup_font_height(font) - 1);
    }
}

static void
assert_good_or_refused(const guint8 *data, size_t len)
{
    g_autofree guint8 *copy =
        g_memdup2(data, MAX(len, 1)); /* so that ASan sees the end */
    g_autoptr(GError) error = NULL;
    g_autoptr(PupFont) font = pup_font_parse("x", copy, len, &error);

    if (font != NULL)
        use(font);
    else
        assert_int_equal(error->domain, PUP_ERROR);
}

static void
damage(const guint8 *data, size_t len)
{
    static const guint8 masks[] = {0x01, 0x80, 0xff, 0x55};
    g_autofree guint8 *copy = g_memdup2(data, len);

    for (size_t i = 0; i < len; i++) {
        g_autoptr(GError) error = NULL;
        assert_null(pup_font_parse("x", data, i, &error));
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_CORRUPT));
        for (size_t m = 0; m < sizeof masks; m++) {
            copy[i] ^= masks[m];
            assert_good_or_refused(copy, len);
            copy[i] ^= masks[m];
        }
    }
}

static void
test_damaged(void **state)
{
    g_autoptr(GByteArray) psf1 = make_psf1(TRUE);

    damage(psf2, sizeof psf2);
    damage(psf1->data, psf1->len);
}

static void
test_newer_is_refused(void **state)
{
    guint8 newer[sizeof psf2];
    g_autoptr(GError) error = NULL;

    memcpy(newer, psf2, sizeof psf2);
    newer[4] = 1;
    assert_null(pup_font_parse("x", newer, sizeof newer, &error));
    assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_UNSUPPORTED));
}

/* A folder with fonts of heights 8, 16 and a bold 12, a broken one and another file. */
static char *
make_font_dir(void)
{
    static const struct {
        const char *name;
        guint8 height;
    } files[] = {{"b-16.psf", 16}, {"a-8.psf", 8}, {"xBold12.psf", 12}};
    char *dir = g_dir_make_tmp("screen-font-XXXXXX", NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(dir, files[i].name, NULL);
        g_autofree guint8 *font = g_malloc0(4 + 256 * (size_t) files[i].height);
        memcpy(font, ((guint8[]){0x36, 4, 0, files[i].height}), 4);
        assert_true(
            pup_file_replace(path, font, 4 + 256 * (size_t) files[i].height, 0644, NULL));
    }
    g_autofree char *broken = g_build_filename(dir, "c.psf.gz", NULL);
    g_autofree char *other = g_build_filename(dir, "README", NULL);
    assert_true(pup_file_replace(broken, "no", 2, 0644, NULL));
    assert_true(pup_file_replace(other, "no", 2, 0644, NULL));
    return dir;
}

static void
remove_dir(const char *dir)
{
    g_autoptr(GDir) folder = g_dir_open(dir, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        g_unlink(path);
    }
    g_rmdir(dir);
}

static void
drop_message(const char *domain, GLogLevelFlags level, const char *text, gpointer count)
{
    ++*(int *) count;
}

static void
test_pick(void **state)
{
    static const struct {
        int wanted;
        gboolean bold;
        int height;
    } rows[] = {{4, FALSE, 8},   {8, FALSE, 8},  {15, FALSE, 8},
                {16, FALSE, 16}, {24, FALSE, 8}, {32, FALSE, 16},
                {37, FALSE, 16}, {16, TRUE, 12}, {100, TRUE, 12}};
    g_autofree char *dir = make_font_dir();
    int n_warnings = 0;
    guint handler =
        g_log_set_handler(NULL, G_LOG_LEVEL_WARNING, drop_message, &n_warnings);
    g_autoptr(PupFonts) fonts = pup_fonts_load(dir, "", NULL);

    assert_non_null(fonts);
    assert_int_equal(n_warnings, 1); /* the broken one */
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        assert_int_equal(
            pup_font_height(pup_fonts_pick(fonts, rows[i].wanted, rows[i].bold)),
            rows[i].height);

    g_autoptr(PupFonts) only_b = pup_fonts_load(dir, "b-", NULL);
    assert_int_equal(pup_font_height(pup_fonts_pick(only_b, 8, TRUE)), 16);
    g_autoptr(GError) error = NULL;
    assert_null(pup_fonts_load(dir, "nothing", &error));
    assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_NOT_FOUND));
    g_log_remove_handler(NULL, handler);
    remove_dir(dir);
}

static void
test_wrap(void **state)
{
    /* Glyphs are 8 pixels wide: 10 columns. */
    static const struct {
        const char *text;
        unsigned max_lines;
        const char *lines;
    } rows[] = {
        {"", 3, ""},
        {"   ", 3, ""},
        {"short", 3, "short"},
        {"exactly10c", 3, "exactly10c"},
        {"two words more", 3, "two words|more"},
        {"ends at 10 right", 3, "ends at 10|right"},
        {"a-word-that-is-long x", 3, "a-word-tha|t-is-long|x"},
        {"one two three four five", 2, "one two|three f..."},
        {"one two three four", 1, "one two..."},
        {"abcdefghijk", 1, "abcdefg..."},
        {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 x", 3,
         "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9|x"},
    };
    g_autofree char *dir = make_font_dir();
    g_autoptr(PupFonts) fonts = pup_fonts_load(dir, "a-", NULL);
    PupTextStyle style = {fonts, 8, FALSE, 0};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) lines = pup_text_wrap(&style, rows[i].text, 80, rows[i].max_lines);
        g_autofree char *joined = g_strjoinv("|", lines);
        assert_string_equal(joined, rows[i].lines);
    }
    g_auto(GStrv) narrow = pup_text_wrap(&style, "ab", 1, 5);
    assert_int_equal(g_strv_length(narrow), 2);
    remove_dir(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_psf2),    cmocka_unit_test(test_psf1),
        cmocka_unit_test(test_damaged), cmocka_unit_test(test_newer_is_refused),
        cmocka_unit_test(test_pick),    cmocka_unit_test(test_wrap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
