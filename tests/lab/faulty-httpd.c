/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * faulty-httpd - an HTTP server that misbehaves when told to
 *
 *     faulty-httpd --root DIR          serves the files of DIR
 *     faulty-httpd --upstream HOST:PORT   passes requests on to a real server
 *         [--listen ADDR:PORT]         127.0.0.1:0 by default
 *         [--port-file FILE]           gets the port as text once it listens
 *
 * `POST /_fault` with a line of tests/lab/faulty-fault.h as body sets the fault; `GET
 * /_fault` answers the counts. A thread a connection; for tests only.
 */
#include "config.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/lab/faulty-fault.h"

#define BODY_MAX_BYTES (256u * 1024u * 1024u)

typedef struct {
    char *method;
    char *path; /* with its query */
    gboolean close;
    GString *headers; /* to pass on, each line with CR LF */
    GBytes *body;
} Request;

typedef struct {
    unsigned status;
    GString *headers; /* without Content-Length and Connection */
    GBytes *body;
    guint64 head_length; /* a HEAD's Content-Length when the body is not here */
} Answer;

static char *root_dir;
static char *upstream;
static char *listen_on;
static char *port_file;

/* Until when nothing is answered, by g_get_monotonic_time(). */
static GMutex stop_lock;
static gint64 stopped_until_us;

static void
request_clear(Request *request)
{
    g_free(request->method);
    g_free(request->path);
    if (request->headers)
        g_string_free(request->headers, TRUE);
    g_clear_pointer(&request->body, g_bytes_unref);
    memset(request, 0, sizeof *request);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Request, request_clear)

static void
answer_clear(Answer *answer)
{
    if (answer->headers)
        g_string_free(answer->headers, TRUE);
    g_clear_pointer(&answer->body, g_bytes_unref);
    memset(answer, 0, sizeof *answer);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

static void
answer_set(Answer *answer, unsigned status, GBytes *body)
{
    answer_clear(answer);
    answer->status = status;
    answer->headers = g_string_new(NULL);
    answer->body = body;
}

static void
answer_text(Answer *answer, unsigned status, const char *text)
{
    answer_set(answer, status, g_bytes_new(text, strlen(text)));
}

/* The value of header @name when @line is that header. */
static const char *
header_value(const char *line, const char *name)
{
    size_t len = strlen(name);

    if (g_ascii_strncasecmp(line, name, len) != 0 || line[len] != ':')
        return NULL;
    line += len + 1;
    return line + strspn(line, " ");
}

static GBytes *
read_exactly(GInputStream *in, gsize len)
{
    g_autofree guint8 *data = g_malloc(len + 1);
    gsize got;

    if (!g_input_stream_read_all(in, data, len, &got, NULL, NULL) || got != len)
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&data), len);
}

/* Lines up to the empty one; *@length is Content-Length where there is one. */
static gboolean
read_headers(GDataInputStream *in, GString *headers, gboolean *close, guint64 *length)
{
    for (;;) {
        g_autofree char *line = g_data_input_stream_read_line(in, NULL, NULL, NULL);
        const char *value;
        if (!line)
            return FALSE;
        if (*line == '\0')
            return TRUE;
        if ((value = header_value(line, "Content-Length")))
            *length = g_ascii_strtoull(value, NULL, 10);
        else if ((value = header_value(line, "Connection")))
            *close = g_ascii_strcasecmp(value, "close") == 0;
        else if (!header_value(line, "Expect"))
            g_string_append_printf(headers, "%s\r\n", line);
    }
}

static gboolean
read_request(GDataInputStream *in, Request *request)
{
    g_autofree char *line = g_data_input_stream_read_line(in, NULL, NULL, NULL);
    g_auto(GStrv) words = g_strsplit(line ? line : "", " ", 3);
    guint64 length = 0;

    if (g_strv_length(words) != 3)
        return FALSE;
    request->method = g_strdup(words[0]);
    request->path = g_strdup(words[1]);
    request->close = strcmp(words[2], "HTTP/1.0") == 0;
    request->headers = g_string_new(NULL);
    if (!read_headers(in, request->headers, &request->close, &length) ||
        length > BODY_MAX_BYTES)
        return FALSE;
    request->body = read_exactly(G_INPUT_STREAM(in), length);
    return request->body != NULL;
}

static void
answer_file(const Request *request, Answer *answer)
{
    g_autofree char *path = g_strconcat(root_dir, request->path, NULL);
    char *data;
    gsize len;

    path[strcspn(path, "?")] = '\0';
    if (strstr(request->path, "..") || !g_file_get_contents(path, &data, &len, NULL))
        answer_text(answer, 404,
                    "{\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"no such file\"}}");
    else
        answer_set(answer, 200, g_bytes_new_take(data, len));
}

/* All that comes until the other side closes. */
static GBytes *
read_rest(GInputStream *in)
{
    g_autoptr(GOutputStream) out = g_memory_output_stream_new_resizable();

    if (g_output_stream_splice(out, in, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, NULL) <
        0)
        return NULL;
    return g_memory_output_stream_steal_as_bytes(G_MEMORY_OUTPUT_STREAM(out));
}

static gboolean
talk_to_upstream(GSocketConnection *up, const Request *request, Answer *answer)
{
    GIOStream *stream = G_IO_STREAM(up);
    GOutputStream *out = g_io_stream_get_output_stream(stream);
    g_autoptr(GDataInputStream) in =
        g_data_input_stream_new(g_io_stream_get_input_stream(stream));
    g_autofree char *status_line = NULL;
    gboolean close = FALSE;
    guint64 length = G_MAXUINT64;

    g_data_input_stream_set_newline_type(in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
    /* Version 1.0, so that a body is never sent in pieces. */
    if (!g_output_stream_printf(out, NULL, NULL, NULL,
                                "%s %s HTTP/1.0\r\n%sContent-Length: %zu\r\n\r\n",
                                request->method, request->path, request->headers->str,
                                g_bytes_get_size(request->body)) ||
        g_output_stream_write_bytes(out, request->body, NULL, NULL) < 0)
        return FALSE;
    status_line = g_data_input_stream_read_line(in, NULL, NULL, NULL);
    if (!status_line || strlen(status_line) < 12)
        return FALSE;
    answer_set(answer, (unsigned) g_ascii_strtoull(status_line + 9, NULL, 10), NULL);
    if (!read_headers(in, answer->headers, &close, &length))
        return FALSE;
    answer->body = read_rest(G_INPUT_STREAM(in));
    if (strcmp(request->method, "HEAD") == 0 && length != G_MAXUINT64)
        answer->head_length = length;
    return answer->body != NULL;
}

static void
answer_upstream(const Request *request, Answer *answer)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketConnection) up =
        g_socket_client_connect_to_host(client, upstream, 80, NULL, NULL);

    if (!up || !talk_to_upstream(up, request, answer))
        answer_text(answer, 502, "no answer from the server behind\n");
}

static void
answer_control(const Request *request, Answer *answer)
{
    g_autofree char *line =
        g_strndup(g_bytes_get_data(request->body, NULL), g_bytes_get_size(request->body));
    g_autofree char *counts = NULL;

    if (strcmp(request->method, "POST") != 0) {
        counts = fault_counts();
        answer_text(answer, 200, counts);
    } else if (fault_set(g_strchomp(line))) {
        answer_text(answer, 200, "");
    } else {
        answer_text(answer, 400, "no such fault\n");
    }
}

static void
wait_while_stopped(const Fault *fault)
{
    gint64 until_us;

    g_mutex_lock(&stop_lock);
    if (fault->mode == FAULT_STOP && stopped_until_us <= g_get_monotonic_time())
        stopped_until_us = g_get_monotonic_time() + (gint64) fault->argument * 1000;
    until_us = stopped_until_us;
    g_mutex_unlock(&stop_lock);
    while (g_get_monotonic_time() < until_us)
        g_usleep(10000);
}

static GBytes *
flipped(GBytes *body)
{
    gsize len;
    guint8 *data = g_bytes_unref_to_data(body, &len);

    if (len > 0)
        data[len / 2] ^= 0x01;
    return g_bytes_new_take(data, len);
}

/* The faults that change what is said, not how. */
static void
spoil(Answer *answer, const Fault *fault)
{
    GBytes *whole = answer->body;

    if (fault->mode == FAULT_FLIP) {
        answer->body = flipped(whole);
    } else if (fault->mode == FAULT_SHORT) {
        answer->body = g_bytes_new_from_bytes(whole, 0, g_bytes_get_size(whole) / 2);
        g_bytes_unref(whole);
    } else if (fault->mode == FAULT_STATUS) {
        answer_text(answer, (unsigned) fault->argument,
                    "{\"error\":{\"code\":\"NET\",\"message\":\"told to fail\"}}");
    }
}

static gboolean
send_dripping(GOutputStream *out, const guint8 *data, gsize len, guint64 bytes_per_s)
{
    gsize step = MAX(bytes_per_s / 10, 1);

    while (len > 0) {
        gsize part = MIN(len, step);
        if (!g_output_stream_write_all(out, data, part, NULL, NULL, NULL))
            return FALSE;
        data += part;
        len -= part;
        g_usleep(G_USEC_PER_SEC / 10);
    }
    return TRUE;
}

/* Close with a reset instead of an end. */
static void
reset(GSocketConnection *connection)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    GSocket *socket = g_socket_connection_get_socket(connection);

    setsockopt(g_socket_get_fd(socket), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* FALSE: the connection ends here. */
static gboolean
send_answer(GSocketConnection *connection, const Request *request, const Answer *answer,
            const Fault *fault)
{
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(connection));
    gsize len;
    const guint8 *data = g_bytes_get_data(answer->body, &len);
    g_autofree char *head = g_strdup_printf(
        "HTTP/1.1 %u x\r\n%sContent-Length: %" G_GUINT64_FORMAT "\r\n%s\r\n",
        answer->status, answer->headers->str, MAX(len, answer->head_length),
        request->close ? "Connection: close\r\n" : "");
    gboolean broken = fault->mode == FAULT_TRUNCATE || fault->mode == FAULT_RESET;

    if (strcmp(request->method, "HEAD") == 0)
        len = 0;
    fault_count_bytes(len);
    if (!g_output_stream_write_all(out, head, strlen(head), NULL, NULL, NULL))
        return FALSE;
    if (fault->mode == FAULT_DRIP)
        return send_dripping(out, data, len, fault->argument) && !request->close;
    if (fault->mode == FAULT_RESET)
        reset(connection);
    return g_output_stream_write_all(out, data, broken ? len / 2 : len, NULL, NULL,
                                     NULL) &&
           !broken && !request->close;
}

/* One request and its answer. FALSE: the connection ends here. */
static gboolean
serve(GSocketConnection *connection, GDataInputStream *in)
{
    g_auto(Request) request = {0};
    g_auto(Answer) answer = {0};
    Fault fault = {FAULT_NONE, 0};

    if (!read_request(in, &request))
        return FALSE;
    if (strcmp(request.path, "/_fault") == 0) {
        answer_control(&request, &answer);
        return send_answer(connection, &request, &answer, &fault);
    }
    fault = fault_next(request.path);
    wait_while_stopped(&fault);
    if (root_dir)
        answer_file(&request, &answer);
    else
        answer_upstream(&request, &answer);
    spoil(&answer, &fault);
    return send_answer(connection, &request, &answer, &fault);
}

static gboolean
on_run(GThreadedSocketService *service, GSocketConnection *connection, GObject *source,
       gpointer user)
{
    g_autoptr(GDataInputStream) in =
        g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));

    g_tcp_connection_set_graceful_disconnect(G_TCP_CONNECTION(connection), FALSE);
    g_data_input_stream_set_newline_type(in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
    while (serve(connection, in))
        ;
    return TRUE;
}

static gboolean
announce(guint16 port, GError **error)
{
    g_autofree char *text = g_strdup_printf("%u\n", port);

    printf("%s", text);
    fflush(stdout);
    return !port_file || g_file_set_contents(port_file, text, -1, error);
}

static gboolean
start(GSocketListener *listener, GError **error)
{
    g_autoptr(GSocketConnectable) name =
        g_network_address_parse(listen_on ? listen_on : "127.0.0.1:0", 0, error);
    g_autoptr(GSocketAddress) address = NULL;
    g_autoptr(GSocketAddress) bound = NULL;

    if (!name)
        return FALSE;
    address = g_inet_socket_address_new_from_string(
        g_network_address_get_hostname(G_NETWORK_ADDRESS(name)),
        g_network_address_get_port(G_NETWORK_ADDRESS(name)));
    if (!address) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "no numeric address");
        return FALSE;
    }
    return g_socket_listener_add_address(listener, address, G_SOCKET_TYPE_STREAM,
                                         G_SOCKET_PROTOCOL_TCP, NULL, &bound, error) &&
           announce(g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound)), error);
}

static const GOptionEntry options[] = {
    {"root", 0, 0, G_OPTION_ARG_FILENAME, &root_dir, "Serve files", "DIR"},
    {"upstream", 0, 0, G_OPTION_ARG_STRING, &upstream, "Pass on", "HOST:PORT"},
    {"listen", 0, 0, G_OPTION_ARG_STRING, &listen_on, "Listen there", "ADDR:PORT"},
    {"port-file", 0, 0, G_OPTION_ARG_FILENAME, &port_file, "Write the port", "FILE"},
    {NULL},
};

int
main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GSocketService) service = NULL;
    g_autoptr(GMainLoop) loop = NULL;
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("faulty-httpd: %s\n", error->message);
        return 2;
    }
    if (!root_dir == !upstream) {
        g_printerr("faulty-httpd: give --root or --upstream\n");
        return 2;
    }
    service = g_threaded_socket_service_new(256);
    g_signal_connect(service, "run", G_CALLBACK(on_run), NULL);
    if (!start(G_SOCKET_LISTENER(service), &error)) {
        g_printerr("faulty-httpd: %s\n", error->message);
        return 1;
    }
    loop = g_main_loop_new(NULL, FALSE);
    g_main_loop_run(loop);
    return 0;
}
