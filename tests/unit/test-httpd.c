/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server's frame with handlers of the test's own, over plain sockets. */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/error.h"
#include "server/http/httpd.h"
#include "tests/unit/raw_http.h"

#define FILE_BYTES 300000u
/* More than the kernel takes at once for a client that does not read. */
#define HOLE_BYTES (64u * 1024 * 1024)

static gboolean
get_echo(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    g_autofree char *query = pup_request_query(req, "q");
    char client[46];
    pup_response_text(res, "text/plain",
                      g_strdup_printf("%s|%s|%s", req->args[0], query ? query : "-",
                                      pup_request_client(req, client)));
    return TRUE;
}

static gboolean
post_length(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    assert_int_equal(req->body[req->body_len], '\0');
    pup_response_json(res, json_pack("{s:i}", "length", (int) req->body_len));
    return TRUE;
}

static gboolean
get_file(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    int fd = dup(*(int *) data);
    pup_response_file(res, req, fd, FILE_BYTES, g_strdup("\"etag\""));
    res->immutable = TRUE;
    return TRUE;
}

/* The file and a hole behind it. */
static gboolean
get_hole(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    pup_response_file(res, req, dup(*(int *) data), HOLE_BYTES, NULL);
    return TRUE;
}

static gboolean
get_failure(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    pup_response_text(res, "text/plain", g_strdup("half an answer"));
    pup_error_set(error, PUP_ERROR_BUSY, "cannot do \"this\" now");
    return FALSE;
}

static const PupRoute routes[] = {
    {PUP_GET, "/echo/*", get_echo},     {PUP_GET, "/file", get_file},
    {PUP_GET, "/failure", get_failure}, {PUP_GET, "/hole", get_hole},
    {PUP_POST, "/length", post_length}, {PUP_GET, "/both", get_file},
    {PUP_POST, "/both", post_length},   {0, NULL, NULL},
};

typedef struct {
    PupHttpd *httpd;
    int file;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    f->file = memfd_create("file", MFD_CLOEXEC);
    assert_int_equal(ftruncate(f->file, HOLE_BYTES), 0);
    g_autofree char *bytes = g_malloc(FILE_BYTES);
    for (unsigned i = 0; i < FILE_BYTES; i++)
        bytes[i] = 'a' + i % 23;
    assert_int_equal(write(f->file, bytes, FILE_BYTES), FILE_BYTES);
    PupHttpdOptions options = {"127.0.0.1", 0, 2};
    f->httpd = pup_httpd_new(&options, routes, &f->file, NULL);
    assert_non_null(f->httpd);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;
    pup_httpd_free(f->httpd);
    close(f->file);
    g_free(f);
    return 0;
}

static unsigned
port_of(void **state)
{
    return pup_httpd_port(((const Fixture *) *state)->httpd);
}

static void
test_requests(void **state)
{
    static const struct {
        const char *line;    /* method and path */
        const char *headers; /* further ones */
        unsigned status;
        const char *holds; /* in the answer */
        const char *body;  /* exactly, or NULL */
    } cases[] = {
        {"GET /echo/x", "", 200, "Content-Type: text/plain\r\n", "x|-|127.0.0.1"},
        {"GET /echo/x?q=a%3Ab", "", 200, "no-store", "x|a:b|127.0.0.1"},
        {"GET /echo/a%2Bb?q", "", 200, "", "a+b|-|127.0.0.1"},
        {"HEAD /echo/x", "", 200, "Content-Length: 13\r\n", ""},
        {"GET /echo", "", 404, "\"NOT_FOUND\"", NULL},
        {"GET /", "", 404, "application/json", NULL},
        {"GET /echo/../file", "", 400, "\"INVALID\"", NULL},
        {"GET /echo/%2e%2e", "", 400, "\"INVALID\"", NULL},
        {"GET /echo/%00", "", 400, "\"INVALID\"", NULL},
        {"POST /echo/x", "Content-Length: 0\r\n", 405, "Allow: GET, HEAD\r\n", NULL},
        {"PUT /file", "Content-Length: 0\r\n", 405, "Allow: GET, HEAD\r\n", NULL},
        {"DELETE /length", "", 405, "Allow: POST\r\n", NULL},
        {"GET /length", "", 405, "Allow: POST\r\n", NULL},
        {"BREW /both", "", 405, "Allow: GET, HEAD, POST\r\n", NULL},
        {"GET /failure", "", 503, "\"code\":\"BUSY\"", NULL},
        {"GET /failure", "", 503, "cannot do \\\"this\\\" now", NULL},
        {"HEAD /file", "", 200, "Content-Length: 300000\r\n", ""},
        {"GET /file", "If-None-Match: \"etag\"\r\n", 304, "ETag: \"etag\"", ""},
        {"GET /file", "If-None-Match: \"other\"\r\n", 200, "ETag: \"etag\"", NULL},
        {"GET /file", "Range: bytes=0-3\r\n", 206, "bytes 0-3/300000\r\n", "abcd"},
        {"GET /file", "Range: bytes=299999-\r\n", 206, "Content-Length: 1\r\n", "k"},
        {"GET /file", "Range: bytes=-2\r\n", 206, "bytes 299998-299999/300000", "jk"},
        {"GET /file", "Range: bytes=300000-\r\n", 416, "bytes */300000\r\n", NULL},
        {"GET /file", "Range: bytes=2-1\r\n", 200, "immutable", NULL},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) answer =
            raw_http_ask(port_of(state), cases[i].line, cases[i].headers, NULL);
        if (raw_http_status(answer) != cases[i].status ||
            !strstr(answer->str, cases[i].holds))
            fail_msg("%s: %.500s", cases[i].line, answer->str);
        if (cases[i].body)
            assert_string_equal(raw_http_body(answer), cases[i].body);
    }
}

static void
test_file_is_whole(void **state)
{
    static const char request[] =
        "GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    g_autoptr(GString) answer = raw_http_talk(port_of(state), request, strlen(request));
    const char *body = raw_http_body(answer);
    assert_int_equal(answer->str + answer->len - body, FILE_BYTES);
    for (unsigned i = 0; i < FILE_BYTES; i++)
        if (body[i] != (char) ('a' + i % 23))
            fail_msg("byte %u", i);
}

static void
test_bodies(void **state)
{
    static const struct {
        size_t len;
        unsigned status;
    } cases[] = {
        {0, 200},
        {1, 200},
        {PUP_HTTP_BODY_MAX, 200},
        {PUP_HTTP_BODY_MAX + 1, 413},
        {10 * PUP_HTTP_BODY_MAX, 413},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) request = g_string_new(NULL);
        g_string_printf(request,
                        "POST /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                        "Content-Length: %zu\r\n\r\n",
                        cases[i].len);
        g_autofree char *body = g_strnfill(cases[i].len, 'x');
        /* A body that is refused need not be sent to be answered. */
        if (cases[i].status == 200)
            g_string_append(request, body);
        g_autoptr(GString) answer =
            raw_http_talk(port_of(state), request->str, request->len);
        if (raw_http_status(answer) != cases[i].status)
            fail_msg("%zu: %s", cases[i].len, answer->str);
        g_autofree char *want = g_strdup_printf("{\"length\":%zu}\n", cases[i].len);
        if (cases[i].status == 200)
            assert_string_equal(raw_http_body(answer), want);
    }
}

/* In chunked encoding the length is not known before. Either refusal will do: the
 * answer 413, or a connection that is cut. */
static void
test_endless_body(void **state)
{
    g_autoptr(GString) request =
        g_string_new("POST /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n");
    g_autofree char *piece = g_strnfill(4096, 'x');
    for (unsigned i = 0; i < 64; i++)
        g_string_append_printf(request, "1000\r\n%s\r\n", piece);
    g_string_append(request, "0\r\n\r\n");
    g_autoptr(GString) answer = raw_http_talk(port_of(state), request->str, request->len);
    if (answer->len && raw_http_status(answer) != 413)
        fail_msg("%s", answer->str);
}

/* Nonsense is refused, and the server lives on. */
static void
test_malformed(void **state)
{
    g_autofree char *huge = g_strnfill(100000, 'h');
    g_autofree char *huge_header =
        g_strdup_printf("GET /echo/x HTTP/1.1\r\nHost: x\r\nX-Huge: %s\r\n\r\n", huge);
    g_autofree char *huge_path = g_strdup_printf("GET /%s HTTP/1.1\r\n\r\n", huge);
    const char *requests[] = {
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET /echo/x\r\n\r\n",
        "GET /echo/x HTTP/9.9\r\n\r\n",
        "GET /echo/x HTTP/1.1\r\n\r\n", /* no Host */
        "GET /echo/x HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        "POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: "
        "99999999999999999999\r\n\r\n",
        "POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        huge_header,
        huge_path,
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(requests); i++) {
        const Fixture *f = *state;
        int fd = raw_http_dial(pup_httpd_port(f->httpd));
        (void) !send(fd, requests[i], strlen(requests[i]), MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        char buf[4096] = "";
        ssize_t n = recv(fd, buf, sizeof buf - 1, 0);
        if (n > 0 && g_str_has_prefix(buf, "HTTP/1.1 2"))
            fail_msg("request %u was served: %s", i, buf);
        close(fd);
    }
    static const char good[] =
        "GET /echo/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    g_autoptr(GString) answer = raw_http_talk(port_of(state), good, strlen(good));
    assert_int_equal(raw_http_status(answer), 200);
}

/* Two requests on one connection, one after the other and pipelined. */
static void
test_keep_alive(void **state)
{
    static const char two[] =
        "GET /echo/1 HTTP/1.1\r\nHost: x\r\n\r\n"
        "GET /echo/2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    g_autoptr(GString) answer = raw_http_talk(port_of(state), two, strlen(two));
    assert_non_null(strstr(answer->str, "1|-|"));
    assert_non_null(strstr(answer->str, "2|-|"));
}

/* Connections are corked: an answer that is not pushed out when it is complete would lie
 * in the kernel for 200 ms. */
static void
test_answers_are_pushed(void **state)
{
    static const char request[] = "GET /echo/1 HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = raw_http_dial(port_of(state));
    gint64 began_us = g_get_monotonic_time();
    for (unsigned i = 0; i < 20; i++) {
        g_autoptr(GString) answer = g_string_new(NULL);
        char buf[4096];
        assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
        while (!strstr(answer->str, "1|-|127.0.0.1")) {
            ssize_t n = recv(fd, buf, sizeof buf, 0);
            assert_true(n > 0);
            g_string_append_len(answer, buf, n);
        }
    }
    assert_true(g_get_monotonic_time() - began_us < 3 * G_USEC_PER_SEC);
    close(fd);
}

static gpointer
stop_server(gpointer httpd)
{
    pup_httpd_free(httpd);
    return NULL;
}

/* A stop lets a running answer end, and then accepts nothing more. */
static void
test_graceful_stop(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    *f = *(Fixture *) *state;
    PupHttpdOptions options = {"127.0.0.1", 0, 1};
    f->httpd = pup_httpd_new(&options, routes, &f->file, NULL);
    unsigned port = pup_httpd_port(f->httpd);
    static const char request[] = "GET /hole HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = raw_http_dial(pup_httpd_port(f->httpd));
    assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
    char buf[4096];
    size_t total = recv(fd, buf, sizeof buf, 0);
    assert_true(total > 0 && total <= sizeof buf);
    GThread *stop = g_thread_new("stop", stop_server, f->httpd);
    for (ssize_t n; (n = recv(fd, buf, sizeof buf, 0)) > 0;)
        total += n;
    assert_true(total > HOLE_BYTES);
    close(fd);
    g_thread_join(stop);
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *) &sin, sizeof sin), -1);
    close(fd);
    g_free(f);
}

/* A connection from @address that asks once, and stays; -1 when it is not answered. */
static int
ask_from(unsigned port, const char *address)
{
    static const char request[] = "GET /echo/x HTTP/1.1\r\nHost: x\r\n\r\n";
    struct sockaddr_in sin = {.sin_family = AF_INET};
    struct timeval limit = {.tv_sec = 10};
    char buf[1024];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    inet_pton(AF_INET, address, &sin.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *) &sin, sizeof sin), 0);
    sin.sin_port = htons(port);
    inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
    assert_int_equal(connect(fd, (struct sockaddr *) &sin, sizeof sin), 0);
    (void) !send(fd, request, strlen(request), MSG_NOSIGNAL);
    if (recv(fd, buf, sizeof buf, 0) > 0)
        return fd;
    close(fd);
    return -1;
}

/* One PC that opens all connections that it gets locks nobody else out. */
static void
test_one_address_has_a_share(void **state)
{
    enum { SHARE = 512 };
    const Fixture *f = *state;
    struct rlimit files = {0};
    int fds[SHARE], other;
    PupHttpdOptions options = {"127.0.0.1", 0, 1};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = MIN(files.rlim_max, 4096);
    if (files.rlim_cur < 4096 || setrlimit(RLIMIT_NOFILE, &files) < 0)
        skip();
    PupHttpd *httpd = pup_httpd_new(&options, routes, (gpointer) &f->file, NULL);
    assert_non_null(httpd);
    for (unsigned i = 0; i < SHARE; i++) {
        fds[i] = ask_from(pup_httpd_port(httpd), "127.0.0.2");
        assert_true(fds[i] >= 0);
    }
    assert_int_equal(ask_from(pup_httpd_port(httpd), "127.0.0.2"), -1);
    other = ask_from(pup_httpd_port(httpd), "127.0.0.3");
    assert_true(other >= 0);
    close(other);
    for (unsigned i = 0; i < SHARE; i++)
        close(fds[i]);
    pup_httpd_free(httpd);
}

static void
test_port_is_taken(void **state)
{
    const Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    PupHttpdOptions options = {"127.0.0.1", pup_httpd_port(f->httpd), 1};
    assert_null(pup_httpd_new(&options, routes, NULL, &error));
    assert_non_null(strstr(error->message, "cannot listen on 127.0.0.1 port"));
    options.address = "nowhere";
    g_clear_error(&error);
    assert_null(pup_httpd_new(&options, routes, NULL, &error));
    assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_file_is_whole),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_endless_body),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_answers_are_pushed),
        cmocka_unit_test(test_graceful_stop),
        cmocka_unit_test(test_one_address_has_a_share),
        cmocka_unit_test(test_port_is_taken),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
