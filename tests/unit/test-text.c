/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/text.h"

static void
what_moves_a_terminal_is_escaped(void **state)
{
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {NULL, ""},
        {"", ""},
        {"Salle d’été", "Salle d’été"},
        {"C:\\Windows", "C:\\Windows"},
        {"a\033[2Jb", "a\\x1b[2Jb"},
        {"one\ntwo\r\tthree", "one\\ntwo\\r\\tthree"},
        {"del\x7f", "del\\x7f"},
        {"csi\xc2\x9b", "csi\\u009b"},
        {"\xe2\x80\xaegpj.exe", "\\u202egpj.exe"},
        {"\xe2\x81\xa6isolated\xe2\x81\xa9", "\\u2066isolated\\u2069"},
        {"\xef\xbb\xbfmark", "\\ufeffmark"},
        {"line\xe2\x80\xa8sep", "line\\u2028sep"},
        {"\xf3\xa0\x81\x81tag", "\\ue0041tag"},
        {"latin1 \xe9t\xe9", "latin1 \\xe9t\\xe9"},
        {"cut \xe2\x80", "cut \\xe2\\x80"},
        {"overlong \xc0\x9b", "overlong \\xc0\\x9b"},
        {"surrogate \xed\xa0\x80", "surrogate \\xed\\xa0\\x80"},
        {"joined \xe2\x80\x8d", "joined \xe2\x80\x8d"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *shown = pup_text_escape(rows[i].text);
        assert_string_equal(shown, rows[i].shown);
    }
}

static void
columns_are_what_is_drawn(void **state)
{
    static const struct {
        const char *text;
        unsigned columns;
    } rows[] = {
        {"", 0},     {"abc", 3}, {"été", 3}, {"e\xcc\x81t\xc3\xa9", 3},
        {"教室", 4}, {"ﾊ", 1},   {"😀", 2},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        assert_int_equal(pup_text_columns(rows[i].text), rows[i].columns);
}

static void
long_text_is_cut_between_characters(void **state)
{
    static const struct {
        const char *text;
        unsigned columns;
        const char *cut;
    } rows[] = {
        {"abc", 3, "abc"},    {"abcd", 3, "ab…"}, {"教室", 4, "教室"},
        {"教室室", 4, "教…"}, {"abc", 1, "…"},    {"", 1, ""},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *cut = pup_text_cut(rows[i].text, rows[i].columns);
        assert_string_equal(cut, rows[i].cut);
    }
}

static void
marks_are_skipped_and_wide_files_named(void **state)
{
    static const struct {
        const char *bytes;
        gsize len;
        const char *text; /* NULL: refused */
        const char *why;
    } rows[] = {
        {"", 0, "", NULL},
        {"x", 1, "x", NULL},
        {"\xef\xbb\xbf", 3, "", NULL},
        {"\xef\xbb\xbf[room]", 9, "[room]", NULL},
        {"\xef\xbb", 2, "\xef\xbb", NULL},
        {"\xff\xfe[\0r\0", 6, NULL, "x.conf is text in UTF-16: save it as UTF-8"},
        {"\xfe\xff\0[\0r", 6, NULL, "UTF-16"},
        {"[\0r\0", 4, NULL, "UTF-16"},
        {"\0[\0r", 4, NULL, "UTF-16"},
        {"\xff\xfe\0\0[\0\0\0", 8, NULL, "UTF-32"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        gsize len = 0;
        const char *text =
            pup_text_of_file("x.conf", rows[i].bytes, rows[i].len, &len, &error);
        if (!rows[i].text) {
            assert_null(text);
            unit_assert_error(&error, PUP_ERROR_INVALID, rows[i].why);
            continue;
        }
        unit_assert_no_error(error);
        assert_int_equal(len, strlen(rows[i].text));
        assert_memory_equal(text, rows[i].text, len);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_moves_a_terminal_is_escaped),
        cmocka_unit_test(columns_are_what_is_drawn),
        cmocka_unit_test(long_text_is_cut_between_characters),
        cmocka_unit_test(marks_are_skipped_and_wide_files_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
