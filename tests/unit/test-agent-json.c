/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/image/agent_json.h"

/* @command (freed) is @expected, key by key in the order in which it is written. */
static void
check(char *command, const char *expected)
{
    assert_string_equal(command, expected);
    g_free(command);
}

static void
test_commands(void **state)
{
    const char *const argv[] = {"/bin/sh", "-c", "echo \"a\\b\"\n", NULL};
    const char *const alone[] = {"C:\\x.exe", NULL};

    check(pup_agent_json_ping(), "{\"execute\":\"guest-ping\"}");
    check(pup_agent_json_open("/tmp/\"x\""),
          "{\"execute\":\"guest-file-open\",\"arguments\":{\"path\":\"/tmp/\\\"x\\\"\","
          "\"mode\":\"w\"}}");
    check(pup_agent_json_write(1000, "\0\xff!", 3),
          "{\"execute\":\"guest-file-write\",\"arguments\":{\"handle\":1000,"
          "\"buf-b64\":\"AP8h\"}}");
    check(pup_agent_json_close(1000), "{\"execute\":\"guest-file-close\",\"arguments\":"
                                      "{\"handle\":1000}}");
    check(pup_agent_json_exec(argv),
          "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"/bin/sh\",\"arg\":"
          "[\"-c\",\"echo \\\"a\\\\b\\\"\\n\"],\"capture-output\":true}}");
    check(pup_agent_json_exec(alone),
          "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"C:\\\\x.exe\",\"arg\":"
          "[],\"capture-output\":true}}");
    check(pup_agent_json_exec_status(17),
          "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":17}}");
}

static void
test_numbers(void **state)
{
    g_autoptr(GError) error = NULL;
    gint64 number = 0;

    assert_true(pup_agent_json_read_handle("{\"return\": 1000}", &number, &error));
    assert_int_equal(number, 1000);
    assert_true(pup_agent_json_read_pid("{\"return\": {\"pid\": 17}}", &number, &error));
    assert_int_equal(number, 17);
    assert_true(pup_agent_json_read_count("{\"return\": {\"count\": 3, \"eof\": false}}",
                                          &number, &error));
    assert_int_equal(number, 3);
    assert_false(pup_agent_json_read_pid("{\"return\": 17}", &number, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "not understood: {\"return\": 17}");
    assert_false(pup_agent_json_read_handle("{\"return\": {}}", &number, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, NULL);
    assert_false(pup_agent_json_read_handle("{\"return\": 1", &number, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, NULL);
    assert_int_equal(number, 3);
}

static void
test_status(void **state)
{
    static const struct {
        const char *answer;
        gboolean exited;
        int exit_status;
        const char *output;
        gboolean truncated;
    } rows[] = {
        {"{\"return\":{\"exited\":false}}", FALSE, 0, "", FALSE},
        {"{\"return\":{\"exited\":true,\"exitcode\":0}}", TRUE, 0, "", FALSE},
        {"{\"return\":{\"exited\":true,\"exitcode\":7,\"out-data\":\"b3V0Cg==\","
         "\"err-data\":\"ZXJyCg==\"}}",
         TRUE, 7, "out\nerr\n", FALSE},
        {"{\"return\":{\"exited\":true,\"signal\":9,\"out-truncated\":true,"
         "\"out-data\":\"YQ==\"}}",
         TRUE, 137, "a", TRUE},
        {"{\"return\":{\"exited\":true,\"exitcode\":1,\"err-data\":\"\"}}", TRUE, 1, "",
         FALSE},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(PupAgentStatus) status = {0};

        assert_true(pup_agent_json_read_status(rows[i].answer, &status, &error));
        assert_int_equal(status.exited, rows[i].exited);
        assert_int_equal(status.exit_status, rows[i].exit_status);
        assert_int_equal(status.truncated, rows[i].truncated);
        assert_int_equal(status.output->len, strlen(rows[i].output));
        assert_memory_equal(status.output->data ? (char *) status.output->data : "",
                            rows[i].output, status.output->len);
    }
}

static void
test_status_refused(void **state)
{
    static const char *const rows[] = {"",
                                       "[]",
                                       "{}",
                                       "{\"return\":{}}",
                                       "{\"return\":{\"exited\":1}}",
                                       "{\"error\":{}}"};

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(PupAgentStatus) status = {0};

        assert_false(pup_agent_json_read_status(rows[i], &status, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, "not understood");
        assert_null(status.output);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_status_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
