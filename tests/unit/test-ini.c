/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/ini.h"

static const PupIniKey keys[] = {
    {"main", "title", PUP_INI_STRING, NULL, NULL, 0, 0, NULL, "A title"},
    {"main", "size", PUP_INI_UINT, "8", "MiB", 1, 100, NULL, "A size"},
    {"main", "on", PUP_INI_BOOL, "no", NULL, 0, 0, NULL, "A switch"},
    {"main", "mode", PUP_INI_CHOICE, "fast", NULL, 0, 0, "fast|slow", "A mode"},
    {"seats", "*", PUP_INI_STRING, NULL, NULL, 0, 0, NULL, "Seats"},
    {NULL},
};

static PupIni *
parse(const char *text, GError **error)
{
    return pup_ini_parse("x.conf", text, strlen(text), keys, error);
}

static void
test_defaults(void **state)
{
    GError *error = NULL;
    g_autoptr(PupIni) ini = parse("", &error);
    unit_assert_no_error(error);
    assert_null(pup_ini_string(ini, "main", "title"));
    assert_int_equal(pup_ini_uint(ini, "main", "size"), 8);
    assert_false(pup_ini_bool(ini, "main", "on"));
    assert_string_equal(pup_ini_string(ini, "main", "mode"), "fast");
    assert_false(pup_ini_is_set(ini, "main", "size"));
    assert_int_equal(pup_ini_line(ini, "main", "size"), 0);
    g_auto(GStrv) seats = pup_ini_keys(ini, "seats");
    assert_null(seats[0]);
}

static void
test_values(void **state)
{
    GError *error = NULL;
    g_autoptr(PupIni) ini =
        parse("# comment\r\n"
              "\t[main]\n"
              "title =  Labor \xc3\xa4, \"x\" = \\n # not a comment \n"
              "\n"
              "  size= 100 MiB\n"
              "on =yes\n"
              "[seats]\n"
              "pc2 = b\n"
              "pc1 = a\n"
              "[main]\n"
              "mode = slow",
              &error);
    unit_assert_no_error(error);
    assert_string_equal(pup_ini_string(ini, "main", "title"),
                        "Labor \xc3\xa4, \"x\" = \\n # not a comment");
    assert_int_equal(pup_ini_uint(ini, "main", "size"), 100);
    assert_true(pup_ini_bool(ini, "main", "on"));
    assert_string_equal(pup_ini_string(ini, "main", "mode"), "slow");
    assert_int_equal(pup_ini_line(ini, "main", "size"), 5);
    assert_int_equal(pup_ini_line(ini, "main", "mode"), 11);
    assert_true(pup_ini_is_set(ini, "seats", "pc1"));
    g_auto(GStrv) seats = pup_ini_keys(ini, "seats");
    assert_int_equal(g_strv_length(seats), 2);
    assert_string_equal(seats[0], "pc2");
    assert_string_equal(pup_ini_string(ini, "seats", "pc2"), "b");
}

static void
test_bool_words(void **state)
{
    static const struct {
        const char *word;
        gboolean value;
    } rows[] = {{"yes", TRUE}, {"true", TRUE},   {"on", TRUE},   {"1", TRUE},
                {"no", FALSE}, {"false", FALSE}, {"off", FALSE}, {"0", FALSE}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        g_autofree char *text = g_strconcat("[main]\non=", rows[i].word, "\n", NULL);
        g_autoptr(PupIni) ini = parse(text, &error);
        unit_assert_no_error(error);
        assert_int_equal(pup_ini_bool(ini, "main", "on"), rows[i].value);
    }
}

static void
test_refused(void **state)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"[main]\n\nsiez = 3\n",
         "x.conf:3: [main] siez: unknown key; known are title, size"},
        {"\n[mian]\n", "x.conf:2: unknown group [mian]; known are main, seats"},
        {"[main]\nsize=3\n[seats]\na=b\n[main]\nsize=4\n",
         "x.conf:6: [main] size: set twice, first in line 2"},
        {"[seats]\na = b\na = b\n", "x.conf:3: [seats] a: set twice"},
        {"size=3\n", "x.conf:1: a key before"},
        {"[main]\nsize\n", "x.conf:2: neither"},
        {"[main]\n; no comment\n", "x.conf:2: neither"},
        {"[main\n", "x.conf:1: a group"},
        {"[\n", "x.conf:1: a group"},
        {"[]\n", "x.conf:1: unknown group []"},
        {"[main]\n= 3\n", "x.conf:2: [main] : unknown key"},
        {"[seats]\n= 3\n", "x.conf"},
        {"[main]\ntitle=\n", "x.conf:2: [main] title: has no value"},
        {"[main]\nsize=  \n", "x.conf:2: [main] size: has no value"},
        {"[main]\nsize = 0\n", "x.conf:2: [main] size: '0' is not a whole number from 1"},
        {"[main]\nsize = 101\n", "to 100 MiB"},
        {"[main]\nsize = -1\n", "x.conf:2:"},
        {"[main]\nsize = +1\n", "x.conf:2:"},
        {"[main]\nsize = 1 GiB\n", "x.conf:2:"},
        {"[main]\nsize = MiB\n", "x.conf:2:"},
        {"[main]\nsize = 0x10\n", "x.conf:2:"},
        {"[main]\non = maybe\n", "x.conf:2: [main] on: 'maybe' is neither yes nor no"},
        {"[main]\nmode = quick\n", "x.conf:2: [main] mode: 'quick' is none of fast|slow"},
        {"[main]\nmode = fast|slow\n", "x.conf:2:"},
        {"[main]\ntitle[de] = x\n", "x.conf:2: [main] title[de]: unknown key"},
        {"[main]\ntitle = \x01\n", "x.conf:2: a control character"},
        {"[main]\n# \xff\n", "x.conf:2: not UTF-8"},
        {"[main]\ntitle = \xc2\x85\n", "x.conf:2: a control character"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        assert_null(parse(rows[i].text, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, rows[i].part);
    }
}

static void
test_zero_byte(void **state)
{
    GError *error = NULL;
    assert_null(pup_ini_parse("x.conf", "[main]\nsize=1\0\n", 15, keys, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "x.conf:2: not UTF-8");
}

/* As Notepad and PowerShell save it. */
static void
test_windows_editors(void **state)
{
    GError *error = NULL;
    g_autoptr(PupIni) ini =
        parse("\xef\xbb\xbf[main]\r\ntitle = Salle d\xe2\x80\x99\xc3\xa9t\xc3\xa9\r\n"
              "size = 3\r\n",
              &error);
    unit_assert_no_error(error);
    assert_string_equal(pup_ini_string(ini, "main", "title"),
                        "Salle d\xe2\x80\x99\xc3\xa9t\xc3\xa9");
    assert_int_equal(pup_ini_uint(ini, "main", "size"), 3);
    assert_int_equal(pup_ini_line(ini, "main", "title"), 2);

    assert_null(parse("[main]\n\xef\xbb\xbfsize = 3\n", &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "x.conf:2");
    assert_null(pup_ini_parse("x.conf", "\xff\xfe[\0m\0a\0i\0n\0]\0", 14, keys, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID,
                      "x.conf is text in UTF-16: save it as UTF-8");
}

static void
test_own_error(void **state)
{
    GError *error = NULL;
    g_autoptr(PupIni) ini = parse("[main]\nsize=3\n", &error);
    pup_ini_error(ini, "main", "size", &error, "is %s", "odd");
    assert_string_equal(error->message, "x.conf:2: [main] size: is odd");
    unit_assert_error(&error, PUP_ERROR_INVALID, NULL);
    pup_ini_error(ini, "main", "title", &error, "is missing");
    assert_string_equal(error->message, "x.conf: [main] title: is missing");
    g_clear_error(&error);
}

static void
test_append(void **state)
{
    g_autoptr(GString) text = g_string_new(NULL);
    pup_ini_append(text, &keys[1], "5");
    pup_ini_append(text, &keys[3], NULL);
    pup_ini_append(text, &keys[0], NULL);
    assert_string_equal(text->str, "# A size (MiB)\nsize = 5\n"
                                   "# A mode (fast|slow)\n#mode = fast\n"
                                   "# A title\n#title =\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),        cmocka_unit_test(test_values),
        cmocka_unit_test(test_bool_words),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_zero_byte),       cmocka_unit_test(test_own_error),
        cmocka_unit_test(test_windows_editors), cmocka_unit_test(test_append),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
