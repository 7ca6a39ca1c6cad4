/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "tests/unit/raw_http.h"

int
raw_http_dial(unsigned port)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval limit = {.tv_sec = 10};
    inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    assert_int_equal(connect(fd, (struct sockaddr *) &sin, sizeof sin), 0);
    return fd;
}

GString *
raw_http_talk(unsigned port, const char *request, size_t len)
{
    int fd = raw_http_dial(port);
    /* The server may close before it has read everything: that is part of the tests. */
    (void) !send(fd, request, len, MSG_NOSIGNAL);
    GString *answer = g_string_new(NULL);
    char buf[65536];
    for (ssize_t n; (n = recv(fd, buf, sizeof buf, 0)) > 0;)
        g_string_append_len(answer, buf, n);
    close(fd);
    return answer;
}

GString *
raw_http_ask(unsigned port, const char *line, const char *headers, const char *body)
{
    g_autoptr(GString) request = g_string_new(NULL);
    g_string_printf(request, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s", line,
                    headers);
    if (body)
        g_string_append_printf(request, "Content-Length: %zu\r\n", strlen(body));
    g_string_append_printf(request, "\r\n%s", body ? body : "");
    return raw_http_talk(port, request->str, request->len);
}

unsigned
raw_http_status(const GString *answer)
{
    if (!g_str_has_prefix(answer->str, "HTTP/1.1 "))
        fail_msg("no answer, but '%.200s'", answer->str);
    return strtoul(answer->str + strlen("HTTP/1.1 "), NULL, 10);
}

const char *
raw_http_body(const GString *answer)
{
    const char *end = strstr(answer->str, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

size_t
raw_http_body_len(const GString *answer)
{
    return answer->str + answer->len - raw_http_body(answer);
}
