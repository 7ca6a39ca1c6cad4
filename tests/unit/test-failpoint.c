/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/failpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"

static int
disarm(void **state)
{
    return pup_failpoint_arm(NULL, NULL) ? 0 : -1;
}

static void
test_bad_specs(void **state)
{
    static const char *const specs[] = {
        "",         "file-synced",         "file-synced:1",       "nowhere:1:kill",
        "list:1:2", "file-synced:0:kill",  "file-synced:-1:kill", "file-synced:1:",
        ":1:kill",  "file-synced:x1:kill", "file-synced:1:panic", "file-synced:1:kill:",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(specs); i++) {
        g_autoptr(GError) error = NULL;
        assert_false(pup_failpoint_arm(specs[i], &error));
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID));
        assert_null(pup_failpoint_armed);
    }
}

static void
test_names(void **state)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (const char *const *name = pup_failpoint_names(); *name; name++)
        assert_true(g_hash_table_add(seen, (gpointer) *name));
    assert_in_range(g_hash_table_size(seen), 30, 1000);
}

static void
test_unarmed(void **state)
{
    assert_true(pup_failpoint("no such point", NULL));
}

static void
test_errors_from_the_nth_on(void **state)
{
    static const struct {
        const char *spec;
        PupErrorCode code;
    } cases[] = {
        {"file-synced:3:enospc", PUP_ERROR_NO_SPACE},
        {"file-synced:3:eio", PUP_ERROR_IO},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_true(pup_failpoint_arm(cases[i].spec, NULL));
        for (int pass = 1; pass <= 5; pass++) {
            g_autoptr(GError) error = NULL;
            assert_true(pup_failpoint("file-created", &error));
            assert_int_equal(pup_failpoint("file-synced", &error), pass < 3);
            if (pass >= 3)
                assert_true(g_error_matches(error, PUP_ERROR, (gint) cases[i].code));
        }
    }
}

static void
test_kill(void **state)
{
    int status;
    pid_t child = fork();
    assert_return_code(child, 0);
    if (child == 0) {
        pup_failpoint_arm("file-synced:2:kill", NULL);
        _exit(pup_failpoint("file-synced", NULL) && pup_failpoint("file-synced", NULL));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void
test_stop(void **state)
{
    int status;
    pid_t child = fork();
    assert_return_code(child, 0);
    if (child == 0) {
        pup_failpoint_arm("file-synced:1:stop", NULL);
        _exit(pup_failpoint("file-synced", NULL) && pup_failpoint("file-synced", NULL)
                  ? 7
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_true(WIFSTOPPED(status));
    kill(child, SIGCONT);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

/* The full disk at each step of putting a file into place: the old content stays until
 * the rename, and no temporary file is left. */
static void
test_file_replace(void **state)
{
    static const struct {
        const char *point;
        const char *content;
    } cases[] = {
        {"file-created:1:enospc", "old"}, {"file-written:1:enospc", "old"},
        {"file-synced:1:enospc", "old"},  {"file-renamed:1:enospc", "new"},
        {"file-in-place:1:eio", "new"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *dir = g_dir_make_tmp("pup-failpoint-XXXXXX", NULL);
        g_autofree char *path = g_build_filename(dir, "file", NULL);
        assert_true(pup_failpoint_arm(NULL, NULL));
        assert_true(pup_file_replace(path, "old", 3, 0644, NULL));
        assert_true(pup_failpoint_arm(cases[i].point, NULL));
        assert_false(pup_file_replace(path, "new", 3, 0644, NULL));
        g_autoptr(GBytes) bytes = pup_file_read(path, 100, NULL);
        assert_non_null(bytes);
        assert_memory_equal(g_bytes_get_data(bytes, NULL), cases[i].content, 3);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(dir), 0); /* nothing else was in it */
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_specs),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_unarmed),
        cmocka_unit_test_teardown(test_errors_from_the_nth_on, disarm),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_stop),
        cmocka_unit_test_teardown(test_file_replace, disarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
