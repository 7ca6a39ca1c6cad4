/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "server/cli/progress.h"
#include "server/cli/table.h"

static const PupColumn columns[] = {
    {"ROOM", "name", PUP_CELL_TEXT},
    {"SEATS", "seats", PUP_CELL_UINT},
    {"SIZE", "size_bytes", PUP_CELL_BYTES},
    {"BOOT", "boot_ms", PUP_CELL_MS},
    {"CURRENT", "current", PUP_CELL_BOOL},
    {"HARMS", "harms", PUP_CELL_TEXTS},
    {NULL},
};

static PupTable *
filled(void)
{
    static const char *const two[] = {"a@1", "b@2", NULL};
    PupTable *table = pup_table_new("rooms", columns);

    pup_table_add(table, "é", (guint64) 3, (guint64) 1536, (gint64) 12345, TRUE, two);
    pup_table_add(table, "lab-101", (guint64) 30, (guint64) 5, (gint64) -1, FALSE, NULL);
    pup_table_add(table, NULL, (guint64) 0, PUP_NO_BYTES, (gint64) 0, FALSE, NULL);
    return table;
}

static void
text_is_aligned(void **state)
{
    g_autoptr(PupTable) table = filled();
    g_autofree char *text = pup_table_format(table, PUP_TABLE_TEXT, 0);

    assert_string_equal(text, "ROOM     SEATS     SIZE    BOOT  CURRENT  HARMS\n"
                              "é            3  1.5 KiB  12.3 s  *        a@1, b@2\n"
                              "lab-101     30      5 B       -\n"
                              "-            0        -   0.0 s\n");
}

static void
names_are_the_first_column(void **state)
{
    g_autoptr(PupTable) table = filled();
    g_autofree char *text = pup_table_format(table, PUP_TABLE_NAMES, 0);

    assert_string_equal(text, "é\nlab-101\n");
}

static void
json_keeps_the_numbers(void **state)
{
    g_autoptr(PupTable) table = filled();
    g_autofree char *text = pup_table_format(table, PUP_TABLE_JSON, 0);
    json_t *expected = json_pack(
        "{s:[{s:s, s:i, s:i, s:i, s:b, s:[s, s]}, {s:s, s:i, s:i, s:n, s:b, s:[]},"
        " {s:n, s:i, s:n, s:i, s:b, s:[]}]}",
        "rooms", "name", "é", "seats", 3, "size_bytes", 1536, "boot_ms", 12345, "current",
        1, "harms", "a@1", "b@2", "name", "lab-101", "seats", 30, "size_bytes", 5,
        "boot_ms", "current", 0, "harms", "name", "seats", 0, "size_bytes", "boot_ms", 0,
        "current", 0, "harms");
    json_t *got = json_loads(text, 0, NULL);

    assert_non_null(expected);
    assert_true(json_equal(got, expected));
    json_decref(got);
    json_decref(expected);
}

/* A ratio for people, and an object for programs, of one thing. */
static void
columns_for_one_form_only(void **state)
{
    static const PupColumn some[] = {{"SEAT", "seat", PUP_CELL_TEXT},
                                     {"HIT", NULL, PUP_CELL_RATIO},
                                     {"", "stats", PUP_CELL_JSON},
                                     {"X", "x", PUP_CELL_RATIO},
                                     {NULL}};
    g_autoptr(PupTable) table = pup_table_new("seats", some);

    pup_table_add(table, "pc01", 0.974, json_pack("{s:i}", "reads", 7), 1.0);
    pup_table_add(table, "pc02", -1.0, json_null(), -1.0);
    g_autofree char *text = pup_table_format(table, PUP_TABLE_TEXT, 0);
    g_autofree char *json = pup_table_format(table, PUP_TABLE_JSON, 0);
    json_t *expected =
        json_pack("{s:[{s:s, s:{s:i}, s:f}, {s:s, s:n, s:n}]}", "seats", "seat", "pc01",
                  "stats", "reads", 7, "x", 1.0, "seat", "pc02", "stats", "x");
    json_t *got = json_loads(json, 0, NULL);
    assert_string_equal(text, "SEAT  HIT     X\n"
                              "pc01  97%  100%\n"
                              "pc02    -     -\n");
    assert_true(json_equal(got, expected));
    json_decref(got);
    json_decref(expected);
}

static const PupColumn layout[] = {{"ROOM", "room", PUP_CELL_TEXT},
                                   {"SEAT", "seat", PUP_CELL_TEXT, PUP_COLUMN_NAME},
                                   {"MAC", "mac", PUP_CELL_TEXT, PUP_COLUMN_WIDE},
                                   {"", "raw", PUP_CELL_TEXT, PUP_COLUMN_HIDDEN},
                                   {"NOTE", NULL, PUP_CELL_TEXT, PUP_COLUMN_NARROW},
                                   {"DETAIL", "detail", PUP_CELL_TEXT, PUP_COLUMN_WIDE},
                                   {NULL}};

static void
assert_format(const PupTable *table, PupTableForm form, unsigned width,
              const char *expected)
{
    g_autofree char *text = pup_table_format(table, form, width);

    assert_string_equal(text, expected);
}

static void
each_form_has_its_columns(void **state)
{
    g_autoptr(PupTable) table = pup_table_new("seats", layout);

    pup_table_add(table, "lab", "pc01", "52:54", "x", "no disk was found", "no disk");
    pup_table_add(table, "lab", NULL, "52:55", "y", NULL, NULL);
    assert_format(table, PUP_TABLE_TEXT, 0,
                  "ROOM  SEAT  NOTE\n"
                  "lab   pc01  no disk was found\n"
                  "lab   -     -\n");
    assert_format(table, PUP_TABLE_TEXT, 22,
                  "ROOM  SEAT  NOTE\n"
                  "lab   pc01  no disk w…\n"
                  "lab   -     -\n");
    assert_format(table, PUP_TABLE_WIDE, 22,
                  "ROOM  SEAT  MAC    DETAIL\n"
                  "lab   pc01  52:54  no disk\n"
                  "lab   -     52:55  -\n");
    assert_format(table, PUP_TABLE_NAMES, 22, "pc01\n");
}

/* A guest's last words must not draw on the administrator's screen. */
static void
cells_are_escaped_and_aligned_as_drawn(void **state)
{
    g_autoptr(PupTable) table = pup_table_new("seats", layout);
    g_autofree char *json = NULL;

    pup_table_add(table, "教室", "e\xcc\x81", "", "", "\033[2Jx\nlab  fake", "");
    pup_table_add(table, "lab", "pc01", "", "", "\xe9", "\xe9");
    assert_format(table, PUP_TABLE_TEXT, 0,
                  "ROOM  SEAT  NOTE\n"
                  "教室  e\xcc\x81     \\x1b[2Jx\\nlab  fake\n"
                  "lab   pc01  \\xe9\n");
    json = pup_table_format(table, PUP_TABLE_JSON, 0);
    assert_non_null(strstr(json, "\"detail\": \"\xef\xbf\xbd\""));
}

static void
an_empty_table_is_a_table(void **state)
{
    g_autoptr(PupTable) table = pup_table_new("rooms", columns);
    g_autofree char *text = pup_table_format(table, PUP_TABLE_TEXT, 0);
    g_autofree char *json = pup_table_format(table, PUP_TABLE_JSON, 0);

    assert_string_equal(text, "ROOM  SEATS  SIZE  BOOT  CURRENT  HARMS\n");
    assert_string_equal(json, "{\n  \"rooms\": []\n}\n");
}

static void
bytes_are_rounded(void **state)
{
    static const struct {
        guint64 bytes;
        const char *text;
    } rows[] = {
        {0, "0 B"},
        {1023, "1023 B"},
        {1024, "1.0 KiB"},
        {1048575, "1.0 MiB"},
        {G_GUINT64_CONSTANT(40) << 30, "40.0 GiB"},
        {G_MAXUINT64, "16.0 EiB"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = pup_bytes_format(rows[i].bytes);
        assert_string_equal(text, rows[i].text);
    }
}

static void
bar_fits_its_line(void **state)
{
    static const struct {
        guint64 done, total;
        unsigned columns;
        const char *line;
    } rows[] = {
        {0, 0, 80, "copying"},
        {0, 4, 80, "copying [........................]   0 %"},
        {1, 4, 80, "copying [######..................]  25 %, 6 s left"},
        {4, 4, 80, "copying [########################] 100 %"},
        {9, 4, 80, "copying [########################] 100 %"},
        {1, 4, 12, "copying [##"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *line = pup_bar_line("copying", rows[i].done, rows[i].total,
                                             2 * G_USEC_PER_SEC, rows[i].columns);
        assert_string_equal(line, rows[i].line);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_aligned),
        cmocka_unit_test(names_are_the_first_column),
        cmocka_unit_test(json_keeps_the_numbers),
        cmocka_unit_test(columns_for_one_form_only),
        cmocka_unit_test(each_form_has_its_columns),
        cmocka_unit_test(cells_are_escaped_and_aligned_as_drawn),
        cmocka_unit_test(an_empty_table_is_a_table),
        cmocka_unit_test(bytes_are_rounded),
        cmocka_unit_test(bar_fits_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
