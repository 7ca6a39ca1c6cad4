/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/json.h"

typedef struct {
    guint64 n;
    gboolean b;
    char s[16];
} Sample;

static gboolean
read_sample(const char *text, Sample *sample, GError **error)
{
    g_autoptr(PupJsonValue) root =
        pup_json_parse("sample", text, strlen(text), 200, error);
    if (!root)
        return FALSE;
    PupJsonReader r = PUP_JSON_READER("sample", root, error);
    sample->n = pup_json_uint(&r, "n", 1, 100);
    sample->b = pup_json_bool(&r, "b");
    g_strlcpy(sample->s, pup_json_string(&r, "s", 8), sizeof sample->s);
    json_t *list = pup_json_array(&r, "a");
    json_t *object = pup_json_object(&r, "o");
    if (!r.failed)
        assert_true(list && object);
    return pup_json_end(&r);
}

static void
test_good(void **state)
{
    GError *error = NULL;
    Sample sample;
    assert_true(read_sample(" {\"n\":7,\"b\":true,\"s\":\"x\",\"a\":[],\"o\":{}}\n",
                            &sample, &error));
    assert_int_equal(sample.n, 7);
    assert_true(sample.b);
    assert_string_equal(sample.s, "x");
}

static void
test_bad(void **state)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"", "sample"},
        {"[]", "not a JSON object"},
        {"{\"n\":7}", "'b' is missing"},
        {"{\"n\":0,\"b\":true,\"s\":\"x\",\"a\":[],\"o\":{}}",
         "'n' must be a whole number"},
        {"{\"n\":101,\"b\":true,\"s\":\"x\",\"a\":[],\"o\":{}}", "from 1 to 100"},
        {"{\"n\":-1,\"b\":true,\"s\":\"x\",\"a\":[],\"o\":{}}", "'n'"},
        {"{\"n\":7.0,\"b\":true,\"s\":\"x\",\"a\":[],\"o\":{}}", "'n'"},
        {"{\"n\":\"7\",\"b\":true,\"s\":\"x\",\"a\":[],\"o\":{}}", "'n'"},
        {"{\"n\":99999999999999999999,\"b\":true,\"s\":\"\",\"a\":[],\"o\":{}}",
         "integer"},
        {"{\"n\":7,\"b\":1,\"s\":\"x\",\"a\":[],\"o\":{}}", "'b' must be true or false"},
        {"{\"n\":7,\"b\":true,\"s\":5,\"a\":[],\"o\":{}}", "'s' must be a string"},
        {"{\"n\":7,\"b\":true,\"s\":\"123456789\",\"a\":[],\"o\":{}}", "longer than 8"},
        {"{\"n\":7,\"b\":true,\"s\":\"\\u0000\",\"a\":[],\"o\":{}}", "sample"},
        {"{\"n\":7,\"b\":true,\"s\":\"x\",\"a\":{},\"o\":{}}", "'a' must be an array"},
        {"{\"n\":7,\"b\":true,\"s\":\"x\",\"a\":[],\"o\":[]}", "'o' must be an object"},
        {"{\"n\":7,\"b\":true,\"s\":\"x\",\"a\":[],\"o\":{},\"z\":1}",
         "'z' is not known here"},
        {"{\"n\":7,\"b\":true,\"s\":\"x\",\"a\":[],\"o\":{},\"n\":7}", "duplicate"},
        {"{\"n\":7,\"b\":true,\"s\":\"x\",\"a\":[],\"o\":{}}x", "end of file expected"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        Sample sample;
        assert_false(read_sample(rows[i].text, &sample, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, rows[i].part);
    }
}

static void
test_too_large(void **state)
{
    GError *error = NULL;
    assert_null(pup_json_parse("sample", "{  }", 4, 3, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "larger than 3 bytes");
}

/* The first error stands; nobody who ignores it is hurt. */
static void
test_no_error_wanted(void **state)
{
    g_autoptr(PupJsonValue) root = pup_json_parse("sample", "{}", 2, 10, NULL);
    PupJsonReader r = PUP_JSON_READER("sample", root, NULL);
    assert_int_equal(pup_json_uint(&r, "n", 0, 1), 0);
    assert_string_equal(pup_json_string(&r, "s", 1), "");
    assert_null(pup_json_array(&r, "a"));
    assert_false(pup_json_has(&r, "a"));
    assert_false(pup_json_end(&r));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_no_error_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
