/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A shell script stands in for nbdkit. */
#include "config.h"

#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/stat.h>

#include "client-image/seat/stream_child.h"

#define DEADLINE_S 120

typedef struct {
    char *dir, *socket, *argv, *pid;
    const char *disk_cache;
    PupStreamChild *child;
    unsigned n_ready, n_failed, n_died;
    char *words;
} Fixture;

static void
on_change(gpointer user, PupStreamChange change, const char *words)
{
    Fixture *f = user;

    f->n_ready += change == PUP_STREAM_READY;
    f->n_failed += change == PUP_STREAM_FAILED;
    f->n_died += change == PUP_STREAM_DIED;
    g_free(f->words);
    f->words = g_strdup(words);
}

static PupStreamConfig
config_of(const Fixture *f, unsigned version)
{
    return (PupStreamConfig){
        .plugin = "/plugin.so",
        .server = "http://s:1",
        .room = "lab",
        .version = version,
        .pubkey = "/key.pub",
        .cache_mib = 64,
        .disk_cache = f->disk_cache,
        .mac = "52:54:00:12:34:56",
        .boot = "b-1",
        .peer_port = 8081,
        .socket = f->socket,
        .control = "/stream.sock",
        .notify = "/seat.sock",
    };
}

/* @body: what this nbdkit does; $socket, $argv and $pid are its files. */
static void
start(Fixture *f, const char *body)
{
    g_autofree char *script = g_strdup_printf("#!/bin/sh\nsocket=%s argv=%s pid=%s\n%s\n",
                                              f->socket, f->argv, f->pid, body);
    g_autofree char *path = g_build_filename(f->dir, "nbdkit", NULL);
    const PupStreamConfig config = config_of(f, 7);

    assert_true(
        g_file_set_contents_full(path, script, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
    f->child = pup_stream_child_new(&config, on_change, f);
}

static void
wait_for(const unsigned *count, unsigned n)
{
    gint64 deadline_us = g_get_monotonic_time() + DEADLINE_S * G_USEC_PER_SEC;

    while (*count < n) {
        if (g_get_monotonic_time() > deadline_us)
            fail_msg("timed out");
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(1000);
    }
}

static char *
read_file(const char *path)
{
    char *text = NULL;

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    g_autofree char *path = NULL;

    f->dir = unit_make_dir();
    f->socket = g_build_filename(f->dir, "nbd.sock", NULL);
    f->argv = g_build_filename(f->dir, "argv", NULL);
    f->pid = g_build_filename(f->dir, "pid", NULL);
    path = g_strdup_printf("%s:/usr/bin:/bin", f->dir);
    g_setenv("PATH", path, TRUE);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    pup_stream_child_free(f->child);
    g_free(f->socket);
    g_free(f->argv);
    g_free(f->pid);
    g_free(f->words);
    unit_remove_dir(f->dir);
    g_free(f);
    return 0;
}

#define SERVES "echo $$ >$pid; echo \"$*\" >$argv; : >$socket; exec sleep 100"

static void
test_ready(void **state)
{
    Fixture *f = *state;
    g_autofree char *expected = NULL;
    g_autofree char *argv = NULL;

    start(f, SERVES);
    assert_false(pup_stream_child_is_ready(f->child));
    wait_for(&f->n_ready, 1);
    assert_true(pup_stream_child_is_ready(f->child));
    argv = read_file(f->argv);
    expected =
        g_strdup_printf("--foreground --readonly --exit-with-parent --unix %s /plugin.so "
                        "server=http://s:1 room=lab version=7 pubkey=/key.pub cache=64M "
                        "seat=52:54:00:12:34:56 boot=b-1 peer-port=8081 "
                        "control=/stream.sock notify=/seat.sock\n",
                        f->socket);
    assert_string_equal(argv, expected);
}

static void
test_disk_cache_is_passed_on(void **state)
{
    Fixture *f = *state;
    g_autofree char *argv = NULL;

    f->disk_cache = "/run/pupitre/cache";
    start(f, SERVES);
    wait_for(&f->n_ready, 1);
    argv = read_file(f->argv);
    assert_non_null(strstr(argv, " cache=64M disk-cache=/run/pupitre/cache "));
}

static void
test_ends_with_its_owner(void **state)
{
    Fixture *f = *state;
    g_autofree char *pid = NULL;

    start(f, SERVES);
    wait_for(&f->n_ready, 1);
    pid = read_file(f->pid);
    g_clear_pointer(&f->child, pup_stream_child_free);
    assert_int_equal(kill((pid_t) g_ascii_strtoll(pid, NULL, 10), 0), -1);
    assert_false(g_file_test(f->socket, G_FILE_TEST_EXISTS));
    assert_int_equal(f->n_died, 0);
}

static void
test_dies_and_comes_back(void **state)
{
    Fixture *f = *state;
    g_autofree char *pid = NULL;

    start(f, SERVES);
    wait_for(&f->n_ready, 1);
    pid = read_file(f->pid);
    kill((pid_t) g_ascii_strtoll(pid, NULL, 10), SIGKILL);
    wait_for(&f->n_died, 1);
    assert_string_equal(f->words, "nbdkit was killed by signal 9");
    assert_false(pup_stream_child_is_ready(f->child));
    assert_false(pup_stream_child_has_failed(f->child));
    wait_for(&f->n_ready, 2);
    assert_int_equal(f->n_failed, 0);
}

static void
die_and_come_back(Fixture *f)
{
    g_autofree char *pid = read_file(f->pid);
    unsigned n_ready = f->n_ready;

    kill((pid_t) g_ascii_strtoll(pid, NULL, 10), SIGKILL);
    wait_for(&f->n_ready, n_ready + 1);
}

/* Another version that is read by its name: the one that runs will do, and a restart
 * begins with it. */
static void
test_goes_on_for_another_version(void **state)
{
    Fixture *f = *state;
    PupStreamConfig config = config_of(f, 8);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    start(f, SERVES);
    wait_for(&f->n_ready, 1);
    assert_true(pup_stream_child_take(f->child, &config, TRUE));
    assert_true(pup_stream_child_is_ready(f->child));
    assert_int_equal(f->n_died, 0);
    before = read_file(f->argv);
    assert_non_null(strstr(before, " version=7 "));
    die_and_come_back(f);
    after = read_file(f->argv);
    assert_non_null(strstr(after, " version=8 "));
    assert_null(strstr(before, "guest-runs"));
    assert_non_null(strstr(after, " guest-runs=yes\n"));
}

/* The room was removed and made anew: the same number is another disk. */
static void
test_same_number_of_another_room(void **state)
{
    Fixture *f = *state;
    PupStreamConfig config = config_of(f, 8);

    start(f, SERVES);
    wait_for(&f->n_ready, 1);
    assert_true(pup_stream_child_take(f->child, &config, TRUE));
    assert_true(pup_stream_child_take(f->child, &config, TRUE));
    config.manifest.bytes[0] = 1;
    assert_false(pup_stream_child_take(f->child, &config, TRUE));
    config.version = 9;
    assert_true(pup_stream_child_take(f->child, &config, TRUE));
}

/* One that is read without a name must be the one that it began with. */
static void
test_no_name_is_the_first_version(void **state)
{
    Fixture *f = *state;
    PupStreamConfig first = config_of(f, 7);
    PupStreamConfig other = config_of(f, 8);

    start(f, SERVES);
    wait_for(&f->n_ready, 1);
    assert_true(pup_stream_child_take(f->child, &first, FALSE));
    assert_false(pup_stream_child_take(f->child, &other, FALSE));
    assert_true(pup_stream_child_take(f->child, &other, TRUE));
    assert_false(pup_stream_child_take(f->child, &other, FALSE));
    assert_true(pup_stream_child_take(f->child, &first, FALSE));
    assert_true(pup_stream_child_take(f->child, &other, TRUE));
    die_and_come_back(f);
    assert_false(pup_stream_child_take(f->child, &first, FALSE));
    assert_true(pup_stream_child_take(f->child, &other, FALSE));
}

static void
test_does_not_go_on_for_another_setting(void **state)
{
    Fixture *f = *state;
    PupStreamConfig room = config_of(f, 8);
    PupStreamConfig cache = config_of(f, 7);
    PupStreamConfig disk = config_of(f, 7);

    room.room = "annex";
    cache.cache_mib = 65;
    disk.disk_cache = "/run/pupitre/cache";
    start(f, SERVES);
    wait_for(&f->n_ready, 1);
    assert_false(pup_stream_child_take(f->child, &room, TRUE));
    assert_false(pup_stream_child_take(f->child, &cache, TRUE));
    assert_false(pup_stream_child_take(f->child, &disk, TRUE));
}

static void
test_refuses_to_start(void **state)
{
    Fixture *f = *state;

    start(f, "exit 3");
    wait_for(&f->n_failed, 1);
    assert_string_equal(f->words, "nbdkit ended with status 3");
    assert_true(pup_stream_child_has_failed(f->child));
    assert_int_equal(f->n_ready + f->n_died, 0);
}

static void
test_is_not_there(void **state)
{
    Fixture *f = *state;

    g_setenv("PATH", "/nonexistent", TRUE);
    start(f, SERVES);
    wait_for(&f->n_failed, 1);
    assert_string_equal(f->words, "cannot start nbdkit");
    assert_true(pup_stream_child_has_failed(f->child));
}

/* A socket that was left behind says nothing. */
static void
test_old_socket(void **state)
{
    Fixture *f = *state;

    assert_true(g_file_set_contents(f->socket, "", 0, NULL));
    start(f, "sleep 0.3; exit 3");
    wait_for(&f->n_failed, 1);
    assert_int_equal(f->n_ready, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ready, setup, teardown),
        cmocka_unit_test_setup_teardown(test_disk_cache_is_passed_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ends_with_its_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dies_and_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_goes_on_for_another_version, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_same_number_of_another_room, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_no_name_is_the_first_version, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_does_not_go_on_for_another_setting, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_refuses_to_start, setup, teardown),
        cmocka_unit_test_setup_teardown(test_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_socket, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
