/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/template.h"

/* {{a}} is "one", {{b}} "t<w>o"; yes is on, no is off. */
static PupVars *
make_vars(void)
{
    PupVars *vars = pup_vars_new();
    pup_vars_set(vars, "a", "one");
    pup_vars_setf(vars, "b", "t%so", "<w>");
    pup_vars_flag(vars, "yes", TRUE);
    pup_vars_flag(vars, "no", FALSE);
    return vars;
}

static void
test_render(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"{{a}}{{b}}", "onet&lt;w&gt;o"},
        {"x {{a}} } {b} {{b}}{{a}}\n", "x one } {b} t&lt;w&gt;oone\n"},
        {"{{#yes}}{{a}}{{/yes}}{{#no}}{{b}}{{/no}}", "one"},
        {"{{^yes}}{{a}}{{/yes}}{{^no}}{{b}}{{/no}}", "t&lt;w&gt;o"},
        {"1\n  {{#yes}}  \n {{a}}\n{{/yes}}\r\n2\n{{! {{b}}\n3{{b}}",
         "1\n one\n2\n3t&lt;w&gt;o"},
        {"{{#no}}\n{{a}}{{b}}\n{{/no}}\n.\n", ".\n"},
        {"{{#no}}\n{{#yes}}{{a}}{{/yes}}{{^no}}{{b}}{{/no}}\n{{/no}}\n.", "."},
        {"{{#yes}}[{{#no}}{{a}}{{/no}}{{^no}}{{b}}{{/no}}]{{/yes}}", "[t&lt;w&gt;o]"},
        {"x {{! note }} y {{a}}{{b}}", "x  y onet&lt;w&gt;o"},
        {"{{! note\nof two lines }}\n{{a}}{{b}}", "onet&lt;w&gt;o"},
        {"a\n{{#yes}}{{a}}\n{{/yes}}{{b}}", "a\none\nt&lt;w&gt;o"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        g_autoptr(PupVars) vars = make_vars();
        g_autofree char *out =
            pup_template_render("t", rows[i].text, PUP_ESCAPE_XML, vars, &error);
        unit_assert_no_error(error);
        assert_string_equal(out, rows[i].expected);
    }
}

static void
test_refused(void **state)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"{{a}}{{b}}\n\n{{c}}", "t:3: unknown key 'c'"},
        {"{{a}}{{b}}{{#no}}\n{{c}}\n{{/no}}", "t:2: unknown key 'c'"},
        {"{{a}}\n", "key 'b' was given, but stands nowhere"},
        {"{{a}}{{b}}\n{{#maybe}}x{{/maybe}}", "t:2: unknown flag 'maybe'"},
        {"{{a}}{{b}}{{#a}}{{/a}}", "unknown flag 'a'"},
        {"{{a}}{{b}}{{yes}}", "unknown key 'yes'"},
        {"{{a}}{{b}}\n{{#yes}}\n", "section 'yes' is not closed"},
        {"{{a}}{{b}}\n\n{{/yes}}", "t:3: '{{/yes}}' closes no section"},
        {"{{#yes}}{{#no}}{{a}}{{b}}{{/yes}}{{/no}}", "'{{/yes}}' closes no section"},
        {"{{a}}{{b}}\n{{a", "t:2: '{{' without '}}'"},
        {"{{a}}{{b}}{{}}", "is no tag"},
        {"{{a}}{{b}}{{ a }}", "is no tag"},
        {"{{a}}{{b}}{{#}}", "is no tag"},
        {"{{a}}{{b}}{{&a}}", "is no tag"},
        {"{{a}}{{b}}{{{a}}}", "is no tag"},
        {"{{! x\ny }}\n{{a}}{{b}}\n{{c}}", "t:4: unknown key 'c'"},
        {"{{! x\ny }} {{a}}{{b}}\n{{c}}", "t:3: unknown key 'c'"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        g_autoptr(PupVars) vars = make_vars();
        assert_null(pup_template_render("t", rows[i].text, PUP_ESCAPE_XML, vars, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, rows[i].part);
    }
}

/* What is known goes in, the rest stays, byte for byte. */
static void
test_settle(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"{{b}} {{x}}\n", "t&lt;w&gt;o {{x}}\n"},
        {"{{! c }}\n {{#x}}\n{{y}}\n {{/x}} \n{{^x}}z{{/x}}",
         "{{! c }}\n {{#x}}\n{{y}}\n {{/x}} \n{{^x}}z{{/x}}"},
        {"{{#x}}\n{{#yes}}\n1\n{{/yes}}\n{{#no}}\n2\n{{/no}}\n{{/x}}\n",
         "{{#x}}\n1\n{{/x}}\n"},
        {"a{{#no}}{{! c }}{{#x}}{{y}}{{a}}{{/x}}{{/no}}b", "ab"},
        {"{{^no}}{{#yes}}{{^x}}{{a}}{{/x}}{{/yes}}{{/no}}", "{{^x}}one{{/x}}"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        g_autoptr(PupVars) vars = make_vars();
        g_autofree char *out =
            pup_template_settle("t", rows[i].text, PUP_ESCAPE_XML, vars, &error);
        unit_assert_no_error(error);
        assert_string_equal(out, rows[i].expected);
    }
}

static void
test_settle_refused(void **state)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"\n{{#x}}\n", "t:3: section 'x' is not closed"},
        {"{{#yes}}", "section 'yes' is not closed"},
        {"\n{{/x}}", "t:2: '{{/x}}' closes no section"},
        {"{{#x}}{{#yes}}{{/x}}{{/yes}}", "'{{/x}}' closes no section"},
        {"{{#yes}}{{#x}}{{/yes}}{{/x}}", "'{{/yes}}' closes no section"},
        {"{{ x }}", "is no tag"},
        {"\n{{tag}}", "t:2: 'tag' cannot be 'one {{x}}'"},
        {"{{half}}", "'half' cannot be '{'"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        g_autoptr(PupVars) vars = make_vars();
        pup_vars_set(vars, "tag", "one {{x}}");
        pup_vars_set(vars, "half", "{");
        assert_null(pup_template_settle("t", rows[i].text, PUP_ESCAPE_XML, vars, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, rows[i].part);
    }
}

static void
test_escapes(void **state)
{
    static const struct {
        PupEscape escape;
        const char *value, *expected; /* NULL: refused */
    } rows[] = {
        {PUP_ESCAPE_XML, "<a b='c' d=\"e\">&",
         "&lt;a b=&apos;c&apos; d=&quot;e&quot;&gt;&amp;"},
        {PUP_ESCAPE_XML, "caf\xc3\xa9 $;#", "caf\xc3\xa9 $;#"},
        {PUP_ESCAPE_XML, "\xef\xbf\xbe", NULL},
        {PUP_ESCAPE_SCRIPT, "console=ttyS0,115200n8 a=http://[::1]:8080/x?y=%20",
         "console=ttyS0,115200n8 a=http://[::1]:8080/x?y=%20"},
        {PUP_ESCAPE_CONF, "192.168.1.1,proxy /a b/c:d;e", "192.168.1.1,proxy /a b/c:d;e"},
        {PUP_ESCAPE_NONE, "<$#>", "<$#>"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        g_autoptr(PupVars) vars = pup_vars_new();
        pup_vars_set(vars, "v", rows[i].value);
        g_autofree char *out =
            pup_template_render("t", "{{v}}", rows[i].escape, vars, &error);
        assert_int_equal(pup_escape_accepts(rows[i].escape, rows[i].value),
                         rows[i].expected != NULL);
        if (rows[i].expected)
            assert_string_equal(out, rows[i].expected);
        else
            unit_assert_error(&error, PUP_ERROR_INVALID, "'v' cannot be");
    }
}

static void
test_refused_characters(void **state)
{
    static const struct {
        PupEscape escape;
        const char *chars;
    } rows[] = {
        {PUP_ESCAPE_SCRIPT, "$`'\"\\{};#|&<>"},
        {PUP_ESCAPE_CONF, "#$%'\"\\"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (const char *c = rows[i].chars; *c; c++) {
            const char value[] = {'a', *c, 'b', '\0'};
            assert_false(pup_escape_accepts(rows[i].escape, value));
        }
    }
    for (int escape = PUP_ESCAPE_XML; escape <= PUP_ESCAPE_NONE; escape++) {
        for (char c = 1; c < ' '; c++) {
            const char value[] = {'a', c, '\0'};
            assert_false(pup_escape_accepts(escape, value));
        }
        assert_false(pup_escape_accepts(escape, "\x7f"));
        assert_false(pup_escape_accepts(escape, "\xc2\x9b"));
        assert_false(pup_escape_accepts(escape, "\xff"));
        assert_true(pup_escape_accepts(escape, ""));
    }
}

static void
test_file(void **state)
{
    GError *error = NULL;
    char *dir = unit_make_dir();
    g_autofree char *path = g_build_filename(dir, "x.xml", NULL);
    g_autoptr(PupVars) vars = make_vars();
    assert_true(g_file_set_contents(path, "{{a}}{{b}}\n{{c}}", -1, NULL));
    assert_null(pup_template_render_file(path, PUP_ESCAPE_XML, vars, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "x.xml:2: unknown key 'c'");
    assert_true(g_file_set_contents(path, "{{a}}{{b}}\n\0x", 13, NULL));
    assert_null(pup_template_render_file(path, PUP_ESCAPE_XML, vars, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "zero byte");
    assert_true(g_file_set_contents(path, "", 0, NULL));
    assert_null(pup_template_render_file(path, PUP_ESCAPE_XML, vars, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "x.xml:1: key");
    assert_true(g_file_set_contents(path, "{{a}}{{b}}\n", -1, NULL));
    g_autofree char *out = pup_template_render_file(path, PUP_ESCAPE_XML, vars, &error);
    assert_string_equal(out, "onet&lt;w&gt;o\n");
    unit_remove_dir(dir);
    assert_null(pup_template_render_file(path, PUP_ESCAPE_XML, vars, &error));
    unit_assert_error(&error, PUP_ERROR_NOT_FOUND, "x.xml");
}

static void
render_changed(const char *text, size_t len, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupVars) vars = make_vars();
    g_autofree char *copy = g_strndup(text, len);
    g_autofree char *out = pup_template_render("t", copy, PUP_ESCAPE_XML, vars, &error);
    assert_int_equal(out == NULL, error != NULL);
    g_clear_error(&error);
    g_autofree char *settled =
        pup_template_settle("t", copy, PUP_ESCAPE_XML, vars, &error);
    assert_int_equal(settled == NULL, error != NULL);
}

static void
test_changed(void **state)
{
    static const char text[] = "1\n  {{#yes}}\n{{a}}\n  {{/yes}}\n{{! c }}\n"
                               "{{^yes}}\n{{b}}\n{{/yes}}{{#no}}x{{/no}}\n";
    unit_each_cut(text, sizeof text - 1, render_changed, NULL);
    unit_each_flip(text, sizeof text - 1, render_changed, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_render),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_settle),  cmocka_unit_test(test_settle_refused),
        cmocka_unit_test(test_escapes), cmocka_unit_test(test_refused_characters),
        cmocka_unit_test(test_file),    cmocka_unit_test(test_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
