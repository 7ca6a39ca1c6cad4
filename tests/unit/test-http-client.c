/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The HTTP client against tests/lab/faulty-httpd on 127.0.0.1: what each failure is
 * called.
 */
#include "config.h"

#include "tests/unit/unit.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "client-image/common/http.h"

#define BODY "the body of a file, long enough to be cut in two"
/* Long enough for a busy machine's pauses, short of what is meant to take long. */
#define STALL_MS 1500u
#define HEDGE_MS 800u
#define LIMIT_MS 4000u

typedef struct {
    char *dir;
    char *base;
    GPid server;
} Fixture;

static char *
wait_for_port(const char *path)
{
    gint64 until_us = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    char *text = NULL;

    while (!g_file_get_contents(path, &text, NULL, NULL)) {
        if (g_get_monotonic_time() > until_us)
            return NULL;
        g_usleep(5000);
    }
    return g_strchomp(text);
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    const char *build = g_getenv("PUP_TOP_BUILDDIR");
    g_autofree char *program =
        g_build_filename(build ? build : ".", "tests/lab/faulty-httpd", NULL);
    g_autofree char *file = NULL, *port_file = NULL, *port = NULL;

    f->dir = g_dir_make_tmp("pup-http-XXXXXX", NULL);
    file = g_build_filename(f->dir, "file", NULL);
    port_file = g_build_filename(f->dir, "port", NULL);
    g_file_set_contents(file, BODY, -1, NULL);
    char *argv[] = {program, "--root", f->dir, "--port-file", port_file, NULL};
    *state = f;
    if (!g_spawn_async(NULL, argv, NULL,
                       G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                       &f->server, NULL))
        return 1;
    port = wait_for_port(port_file);
    f->base = g_strdup_printf("http://127.0.0.1:%s", port);
    return !port;
}

static int
teardown(void **state)
{
    Fixture *f = *state;
    g_autofree char *file = g_build_filename(f->dir, "file", NULL);
    g_autofree char *port_file = g_build_filename(f->dir, "port", NULL);

    kill(f->server, SIGTERM);
    waitpid(f->server, NULL, 0);
    g_unlink(file);
    g_unlink(port_file);
    g_rmdir(f->dir);
    g_free(f->base);
    g_free(f->dir);
    g_free(f);
    return 0;
}

static void
set_fault(const Fixture *f, const char *line)
{
    g_autoptr(PupHttp) http = pup_http_new(2000, 2000);
    g_autofree char *url = g_strconcat(f->base, "/_fault", NULL);
    GError *error = NULL;
    g_autoptr(GBytes) answer = pup_http_post_json(http, url, line, 100, &error);

    unit_assert_no_error(error);
    assert_int_equal(g_bytes_get_size(answer), 0);
}

static GBytes *
get(const Fixture *f, const char *path, GError **error)
{
    g_autoptr(PupHttp) http = pup_http_new(2000, STALL_MS);
    g_autofree char *url = g_strconcat(f->base, path, NULL);

    return pup_http_get(http, url, 1000, error);
}

static void
test_failures_have_their_codes(void **state)
{
    static const struct {
        const char *fault;
        int code; /* -1: none */
        const char *part;
    } cases[] = {
        {"none", -1, NULL},
        {"truncate", PUP_ERROR_NET, "/file"},
        {"reset", PUP_ERROR_NET, "/file"},
        {"status:400", PUP_ERROR_INVALID, "status 400: told to fail"},
        {"status:302", PUP_ERROR_INVALID, "status 302"},
        {"status:401", PUP_ERROR_DENIED, "told to fail"},
        {"status:403", PUP_ERROR_DENIED, "told to fail"},
        {"status:404", PUP_ERROR_NOT_FOUND, "told to fail"},
        {"status:500", PUP_ERROR_NET, "told to fail"},
        {"status:503", PUP_ERROR_BUSY, "told to fail"},
        {"stop:4000 1", PUP_ERROR_NET, "no answer for 1500 ms"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GBytes) body = NULL;
        GError *error = NULL;
        set_fault(*state, cases[i].fault);
        body = get(*state, "/file", &error);
        assert_int_equal(body != NULL, cases[i].code < 0);
        if (body)
            assert_memory_equal(g_bytes_get_data(body, NULL), BODY, strlen(BODY));
        else
            unit_assert_error(&error, (PupErrorCode) cases[i].code, cases[i].part);
    }
}

/* A slow server is not a dead one: the whole takes longer than the stall timeout. */
static void
test_slow_is_not_stalled(void **state)
{
    GError *error = NULL;
    g_autoptr(GBytes) body = NULL;

    set_fault(*state, "drip:20");
    body = get(*state, "/file", &error);
    unit_assert_no_error(error);
    assert_int_equal(g_bytes_get_size(body), strlen(BODY));
}

static void
test_bodies_are_bounded(void **state)
{
    const Fixture *f = *state;
    g_autoptr(PupHttp) http = pup_http_new(2000, 2000);
    g_autofree char *url = g_strconcat(f->base, "/file", NULL);
    guint8 data[sizeof BODY];
    PupHttpBuffer buffer = {.data = data, .size = strlen(BODY)};
    GError *error = NULL;

    assert_true(pup_http_get_into(http, url, &buffer, &error));
    assert_int_equal(buffer.len, strlen(BODY));
    assert_memory_equal(data, BODY, strlen(BODY));
    buffer.size--;
    assert_false(pup_http_get_into(http, url, &buffer, &error));
    unit_assert_error(&error, PUP_ERROR_CORRUPT, "longer than");
    assert_null(pup_http_get(http, url, 10, &error));
    unit_assert_error(&error, PUP_ERROR_CORRUPT, "longer than 10 bytes");
}

/* Nobody listens at port 9; other schemes, files above all, are not for us. */
static void
test_nobody_there(void **state)
{
    g_autoptr(PupHttp) http = pup_http_new(2000, 2000);
    GError *error = NULL;

    assert_null(pup_http_get(http, "http://127.0.0.1:9/x", 10, &error));
    unit_assert_error(&error, PUP_ERROR_NET, "127.0.0.1:9");
    assert_null(pup_http_get(http, "file:///etc/passwd", 10000, &error));
    unit_assert_error(&error, PUP_ERROR_NET, "file:///etc/passwd");
}

/* Ask the faulty server first, after HEDGE_MS for another file of it. */
static int
hedge(const Fixture *f, const char *second, PupHttpTry tries[2], char *body, size_t size)
{
    g_autoptr(PupHttp) http = pup_http_new(2000, 2000);
    g_autofree char *first_url = g_strconcat(f->base, "/file", NULL);
    g_autofree char *second_url = g_strconcat(f->base, second, NULL);
    PupHttpBuffer buffer = {.data = (guint8 *) body, .size = size};
    int winner;

    tries[0] = (PupHttpTry){.url = first_url, .limit_ms = LIMIT_MS};
    tries[1] = (PupHttpTry){.url = second_url};
    winner = pup_http_get_hedged(http, tries, HEDGE_MS, &buffer, NULL);
    body[winner < 0 ? 0 : buffer.len] = '\0';
    return winner;
}

static void
test_hedged(void **state)
{
    static const struct {
        const char *fault, *second;
        int winner;
        gboolean second_begun, first_failed;
    } cases[] = {
        {"none", "/file?2", 0, FALSE, FALSE},
        {"status:503 0 /file?1", "/file?2", 0, FALSE, FALSE},
        {"status:503 1", "/file?2", 1, TRUE, TRUE},
        {"truncate 1", "/file?2", 1, TRUE, TRUE},
        {"drip:20 1", "/file?2", 1, TRUE, FALSE},
        {"status:503", "/file?2", -1, TRUE, TRUE},
        {"drip:20 1", "/none", 0, TRUE, FALSE},
        {"drip:10 1", "/none", -1, TRUE, TRUE},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char body[sizeof BODY + 1];
        PupHttpTry tries[2];
        set_fault(*state, cases[i].fault);
        assert_int_equal(hedge(*state, cases[i].second, tries, body, sizeof BODY),
                         cases[i].winner);
        assert_string_equal(body, cases[i].winner < 0 ? "" : BODY);
        assert_int_equal(tries[1].begun, cases[i].second_begun);
        assert_int_equal(tries[0].failure != NULL, cases[i].first_failed);
        assert_in_range(tries[0].took_us, 1, 8 * G_USEC_PER_SEC);
        g_clear_error(&tries[0].failure);
        g_clear_error(&tries[1].failure);
    }
}

/* However lively it drips. */
static void
test_a_try_is_limited(void **state)
{
    const Fixture *f = *state;
    g_autoptr(PupHttp) http = pup_http_new(2000, 2000);
    g_autofree char *url = g_strconcat(f->base, "/file", NULL);
    char data[100];
    PupHttpBuffer buffer = {.data = (guint8 *) data, .size = sizeof data};
    PupHttpTry get = {.url = url, .limit_ms = 1000};
    GError *error = NULL;

    set_fault(f, "drip:20 1");
    assert_false(pup_http_get_try(http, &get, &buffer, &error));
    unit_assert_error(&error, PUP_ERROR_NET, "/file: not complete after 1000 ms");
    g_clear_error(&get.failure);
    assert_true(pup_http_get_try(http, &get, &buffer, &error));
}

static void *
cancel_soon(void *http)
{
    g_usleep(50000);
    pup_http_cancel(http);
    return NULL;
}

static void
test_cancel_ends_at_once(void **state)
{
    const Fixture *f = *state;
    g_autoptr(PupHttp) http = pup_http_new(20000, 20000);
    g_autofree char *url = g_strconcat(f->base, "/file", NULL);
    gint64 begun_us = g_get_monotonic_time();
    GError *error = NULL;
    pthread_t thread;

    set_fault(f, "stop:6000 1");
    pthread_create(&thread, NULL, cancel_soon, http);
    assert_null(pup_http_get(http, url, 1000, &error));
    unit_assert_error(&error, PUP_ERROR_BUSY, "cancelled");
    assert_true(g_get_monotonic_time() - begun_us < 3 * G_USEC_PER_SEC);
    pthread_join(thread, NULL);
    assert_null(pup_http_get(http, url, 1000, &error));
    unit_assert_error(&error, PUP_ERROR_BUSY, "cancelled");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_failures_have_their_codes), TEST(test_slow_is_not_stalled),
        TEST(test_bodies_are_bounded),        TEST(test_nobody_there),
        TEST(test_cancel_ends_at_once),       TEST(test_hedged),
        TEST(test_a_try_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
