/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libmicrohttpd calls answer() several times a request: once when the headers are there,
 * once for each piece of body, and once at the end, when the answer is queued. What is
 * kept of a request meanwhile is a PupUpload; requests without a body share one constant,
 * so that a chunk costs no allocation of ours beyond its response.
 *
 * Corking is the library's business. It sends an answer's headers as a packet of their
 * own before the file's bytes; holding them back with a cork of ours was tried, and costs
 * a fifth of a chunk's CPU time, as the library, which does not know, then undoes it for
 * each answer. Bodies from mapped memory, in one call with their headers, were tried too:
 * copying 128 KiB outweighs the calls that are saved. A raw chunk is one byte longer than
 * the 128 KiB that the library gives to one sendfile(), so it costs two.
 */
#include "config.h"

#include "server/http/httpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/error.h"
#include "server/http/kept.h"
#include "server/log.h"

#define IDLE_TIMEOUT_S 60u
#define MAX_CONNECTIONS 4096u
/* From one address, so that one PC cannot take all: a room of thirty seats behind one
 * address has 17 connections each. */
#define MAX_CONNECTIONS_OF_ADDRESS 512u
/* Headers and the reading buffer of one connection. */
#define CONNECTION_MEMORY ((size_t) 6 * 1024)
#define BACKLOG 1024
/* Shared answers that are kept, each with a descriptor and 5 KiB. */
#define KEPT_SLOTS 2048u
#define STOP_WAIT_US (10 * G_USEC_PER_SEC)

struct PupHttpd {
    struct MHD_Daemon *daemon;
    const PupRoute *routes;
    unsigned n_routes;
    gpointer data;
    unsigned port;
    PupTraffic *traffic; /* or NULL */
    PupKept *kept;       /* URL -> KeptAnswer */
    gint n_running;      /* requests begun and not completed, atomic */
    gint stopping;       /* atomic; answers then close their connection */
};

typedef struct {
    GByteArray *body; /* NULL: this request may have none */
    size_t body_max;
} PupUpload;

static PupUpload no_upload = {.body_max = PUP_HTTP_BODY_MAX};

/* A shared answer, for the next one who asks. */
typedef struct {
    struct MHD_Response *response;
    guint64 length;
    unsigned route;
} KeptAnswer;

char *
pup_request_query(const PupRequest *req, const char *key)
{
    const char *value =
        MHD_lookup_connection_value(req->connection, MHD_GET_ARGUMENT_KIND, key);
    return value ? g_uri_unescape_string(value, NULL) : NULL;
}

const char *
pup_request_client(const PupRequest *req, char buf[46])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(req->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr_in *sin = info ? (gconstpointer) info->client_addr : NULL;
    if (!sin || sin->sin_family != AF_INET ||
        !inet_ntop(AF_INET, &sin->sin_addr, buf, 46))
        g_strlcpy(buf, "", 46);
    return buf;
}

static void
free_bytes(void *bytes)
{
    g_bytes_unref(bytes);
}

/* The body as libmicrohttpd wants it; it takes over the fd or the bytes. */
static struct MHD_Response *
make_body(PupResponse *res)
{
    if (res->fd >= 0 && res->status != 304) {
        int fd = res->fd;
        res->fd = -1;
        return MHD_create_response_from_fd_at_offset64(res->length, fd, res->offset);
    }
    if (!res->bytes)
        return MHD_create_response_from_buffer(0, (void *) "", MHD_RESPMEM_PERSISTENT);
    gsize size;
    gconstpointer data = g_bytes_get_data(res->bytes, &size);
    return MHD_create_response_from_buffer_with_free_callback_cls(
        size, (void *) data, free_bytes, g_steal_pointer(&res->bytes));
}

static void
add_range_headers(struct MHD_Response *response, const PupResponse *res)
{
    char text[96];
    if (res->status == 206)
        g_snprintf(text, sizeof text,
                   "bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                   res->offset, res->offset + res->length - 1, res->total);
    else
        g_snprintf(text, sizeof text, "bytes */%" G_GUINT64_FORMAT, res->total);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, text);
}

static const char *
cache_text(const PupResponse *res)
{
    if (res->immutable)
        return "public, max-age=31536000, immutable";
    return res->etag ? "no-cache" : "no-store";
}

/* A new response that holds all of @res; NULL when memory is short. */
static struct MHD_Response *
make_response(PupResponse *res)
{
    struct MHD_Response *response = make_body(res);
    if (!response)
        return NULL;
    if (res->type && res->status != 304)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, res->type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, cache_text(res));
    if (res->etag)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, res->etag);
    if (res->ranges)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
    if (res->status == 206 || res->status == 416)
        add_range_headers(response, res);
    if (res->allow)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, res->allow);
    return response;
}

static enum MHD_Result
queue(PupHttpd *httpd, struct MHD_Connection *connection, PupResponse *res)
{
    struct MHD_Response *response = make_response(res);
    if (!response)
        return MHD_NO;
    if (g_atomic_int_get(&httpd->stopping))
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result result = MHD_queue_response(connection, res->status, response);
    MHD_destroy_response(response);
    return result;
}

static const char *
allow_text(unsigned methods)
{
    if (methods == (PUP_GET | PUP_POST))
        return "GET, HEAD, POST";
    return methods == PUP_GET ? "GET, HEAD" : "POST";
}

/* The route of @req, whose arguments it fills in; NULL after an error response. */
static const PupRoute *
find_route(const PupHttpd *httpd, const PupPath *path, PupRequest *req, PupResponse *res)
{
    unsigned methods = 0;
    for (const PupRoute *route = httpd->routes; route->pattern; route++) {
        if (!pup_route_match(route->pattern, path, req->args))
            continue;
        if (route->method & req->method)
            return route;
        methods |= route->method;
    }
    if (methods) {
        pup_response_error(res, 405, pup_error_name(PUP_ERROR_UNSUPPORTED),
                           "this path does not know that method");
        res->allow = allow_text(methods);
    } else {
        pup_response_error(res, 404, pup_error_name(PUP_ERROR_NOT_FOUND),
                           "there is nothing at this path");
    }
    return NULL;
}

/* Returns the route that answered, as its place in the table; behind it: none. */
static unsigned
handle(const PupHttpd *httpd, const char *url, PupRequest *req, PupResponse *res)
{
    g_autoptr(GError) error = NULL;
    PupPath path;
    if (!pup_path_parse(url, &path, &error)) {
        pup_response_gerror(res, error);
        return httpd->n_routes;
    }
    const PupRoute *route = find_route(httpd, &path, req, res);
    if (!route)
        return httpd->n_routes;
    if (!route->handler(httpd->data, req, res, &error)) {
        pup_response_gerror(res, error);
        if (res->status >= 500)
            pup_log(LOG_ERR, "request-failed", "path", url, "message", error->message,
                    NULL);
    }
    return (unsigned) (route - httpd->routes);
}

/* A shared answer is a chunk: a header says whose version it is part of. */
static void
count(const PupHttpd *httpd, const PupRequest *req, PupTrafficAnswer answer,
      gboolean shared)
{
    if (!httpd->traffic)
        return;
    if (shared && !req->head)
        answer.version = MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND,
                                                     PUP_HTTP_VERSION_HEADER);
    pup_traffic_add(httpd->traffic, &answer);
}

static PupMethod
parse_method(const char *method, gboolean *head)
{
    *head = g_str_equal(method, "HEAD");
    if (*head || g_str_equal(method, "GET"))
        return PUP_GET;
    return g_str_equal(method, "POST") ? PUP_POST : 0;
}

static enum MHD_Result
refuse_body(PupHttpd *httpd, struct MHD_Connection *connection, size_t body_max)
{
    PupResponse res = PUP_RESPONSE_INIT;
    g_autofree char *message =
        g_strdup_printf("the body is larger than %zu KiB", body_max / 1024);
    pup_response_error(&res, 413, pup_error_name(PUP_ERROR_INVALID), message);
    enum MHD_Result result = queue(httpd, connection, &res);
    pup_response_clear(&res);
    return result;
}

/* How much a POST to @url may bring; a path that no route knows brings its error later.
 */
static size_t
body_max_of(const PupHttpd *httpd, const char *url)
{
    PupPath path;
    const char *args[PUP_ROUTE_MAX_ARGS];
    if (!pup_path_parse(url, &path, NULL))
        return PUP_HTTP_BODY_MAX;
    for (const PupRoute *route = httpd->routes; route->pattern; route++)
        if (route->body_max && pup_route_match(route->pattern, &path, args))
            return route->body_max;
    return PUP_HTTP_BODY_MAX;
}

/* The headers are there: refuse a body that says it is too large, make room for one. */
static enum MHD_Result
begin(PupHttpd *httpd, struct MHD_Connection *connection, const char *url,
      const char *method, PupUpload **upload)
{
    g_atomic_int_inc(&httpd->n_running);
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                     MHD_HTTP_HEADER_CONTENT_LENGTH);
    gboolean post = g_str_equal(method, "POST");
    size_t body_max = post ? body_max_of(httpd, url) : PUP_HTTP_BODY_MAX;
    *upload = &no_upload;
    if (length && g_ascii_strtoull(length, NULL, 10) > body_max)
        return refuse_body(httpd, connection, body_max);
    if (post) {
        *upload = g_new0(PupUpload, 1);
        (*upload)->body = g_byte_array_new();
        (*upload)->body_max = body_max;
    }
    return MHD_YES;
}

static enum MHD_Result
take_body(PupUpload *upload, const char *data, size_t *size)
{
    /* What comes beyond the bound (in chunked encoding) is not kept, and refused at the
     * end; a GET's body is nobody's. A client that goes on for ever is cut off. */
    if (upload->body && upload->body->len <= upload->body_max)
        g_byte_array_append(upload->body, (const guint8 *) data, *size);
    else if (upload->body)
        return MHD_NO;
    *size = 0;
    return MHD_YES;
}

static void
free_kept(gpointer data)
{
    KeptAnswer *kept = data;
    MHD_destroy_response(kept->response);
    g_free(kept);
}

typedef struct {
    struct MHD_Connection *connection;
    PupTrafficAnswer answer;
} KeptUse;

static void
queue_kept(gpointer value, gpointer data)
{
    const KeptAnswer *kept = value;
    KeptUse *use = data;
    MHD_queue_response(use->connection, MHD_HTTP_OK, kept->response);
    use->answer.route = kept->route;
    use->answer.bytes = kept->length;
}

/* Answer @url from what is kept. FALSE when it is not. */
static gboolean
answer_kept(PupHttpd *httpd, const char *url, const PupRequest *req)
{
    KeptUse use = {.connection = req->connection, .answer.status = MHD_HTTP_OK};
    if (req->method != PUP_GET || req->if_none_match ||
        g_atomic_int_get(&httpd->stopping))
        return FALSE;
    if (!pup_kept_use(httpd->kept, url, queue_kept, &use))
        return FALSE;
    count(httpd, req, use.answer, TRUE);
    return TRUE;
}

/* Queue a shared answer of @route and keep it for the next one who asks. */
static enum MHD_Result
queue_and_keep(PupHttpd *httpd, struct MHD_Connection *connection, const char *url,
               PupResponse *res, unsigned route)
{
    KeptAnswer *kept = g_new(KeptAnswer, 1);
    *kept = (KeptAnswer){NULL, res->length, route};
    kept->response = make_response(res);
    if (!kept->response) {
        g_free(kept);
        return MHD_NO;
    }
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, kept->response);
    pup_kept_put(httpd->kept, url, kept, g_get_monotonic_time());
    return result;
}

static enum MHD_Result
answer_anew(PupHttpd *httpd, const char *url, PupRequest *req)
{
    PupResponse res = PUP_RESPONSE_INIT;
    unsigned route = handle(httpd, url, req, &res);
    gboolean keep = res.shared && res.status == MHD_HTTP_OK;
    PupTrafficAnswer answer = {route, res.status, NULL, res.length};
    enum MHD_Result result =
        keep ? queue_and_keep(httpd, req->connection, url, &res, route)
             : queue(httpd, req->connection, &res);
    count(httpd, req, answer, keep);
    pup_response_clear(&res);
    return result;
}

static enum MHD_Result
finish(PupHttpd *httpd, struct MHD_Connection *connection, const char *url,
       const char *method, PupUpload *upload)
{
    if (upload->body && upload->body->len > upload->body_max)
        return refuse_body(httpd, connection, upload->body_max);
    PupRequest req = {.connection = connection};
    req.method = parse_method(method, &req.head);
    req.if_none_match = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                    MHD_HTTP_HEADER_IF_NONE_MATCH);
    req.range =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_RANGE);
    if (upload->body) {
        g_byte_array_append(upload->body, (const guint8 *) "", 1);
        req.body = (const char *) upload->body->data;
        req.body_len = upload->body->len - 1;
    }
    if (answer_kept(httpd, url, &req))
        return MHD_YES;
    pup_kept_sweep(httpd->kept, g_get_monotonic_time());
    return answer_anew(httpd, url, &req);
}

static enum MHD_Result
answer(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *upload_data, size_t *upload_data_size,
       void **request)
{
    if (!*request)
        return begin(cls, connection, url, method, (PupUpload **) request);
    if (*upload_data_size)
        return take_body(*request, upload_data, upload_data_size);
    return finish(cls, connection, url, method, *request);
}

static void
completed(void *cls, struct MHD_Connection *connection, void **request,
          enum MHD_RequestTerminationCode how)
{
    PupHttpd *httpd = cls;
    PupUpload *upload = *request;
    if (!upload)
        return;
    if (upload != &no_upload) {
        g_byte_array_unref(upload->body);
        g_free(upload);
    }
    g_atomic_int_add(&httpd->n_running, -1);
}

/* route.c and pup_request_query() decode, strictly. */
static size_t
keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    return strlen(text);
}

/* libmicrohttpd's own words: peers that reset connections, mostly. */
static void G_GNUC_PRINTF(2, 0) log_library(void *cls, const char *format, va_list ap)
{
    g_autofree char *message = g_strdup_vprintf(format, ap);
    pup_log(LOG_DEBUG, "http-library", "message", g_strchomp(message), NULL);
}

static int
listen_on(const char *address, unsigned port, GError **error)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (address && inet_pton(AF_INET, address, &sin.sin_addr) != 1) {
        pup_error_set(error, PUP_ERROR_INVALID, "'%s' is not an IPv4 address", address);
        return -1;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, (struct sockaddr *) &sin, sizeof sin) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    pup_error_set_errno(error, errno, "cannot listen on %s port %u",
                        address ? address : "any address", port);
    if (fd >= 0)
        close(fd);
    return -1;
}

static unsigned
port_of(int fd)
{
    struct sockaddr_in sin = {0};
    socklen_t len = sizeof sin;
    getsockname(fd, (struct sockaddr *) &sin, &len);
    return ntohs(sin.sin_port);
}

static struct MHD_Daemon *
start_daemon(PupHttpd *httpd, int fd, unsigned threads)
{
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_USE_ERROR_LOG | MHD_USE_ITC,
        0, NULL, NULL, answer, httpd, MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S,
        MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        MAX_CONNECTIONS_OF_ADDRESS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
        MHD_OPTION_NOTIFY_COMPLETED, completed, httpd, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_escapes, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY,
        threads > 1 ? pool : pool + 1, MHD_OPTION_END);
}

PupHttpd *
pup_httpd_new(const PupHttpdOptions *options, const PupRoute *routes, gpointer data,
              GError **error)
{
    int fd = listen_on(options->address, options->port, error);
    if (fd < 0)
        return NULL;
    g_autofree PupHttpd *httpd = g_new0(PupHttpd, 1);
    httpd->routes = routes;
    while (routes[httpd->n_routes].pattern)
        httpd->n_routes++;
    httpd->data = data;
    httpd->port = port_of(fd);
    httpd->traffic = options->traffic;
    httpd->kept = pup_kept_new(KEPT_SLOTS, free_kept);
    unsigned threads = options->threads ? options->threads : g_get_num_processors();
    httpd->daemon = start_daemon(httpd, fd, threads);
    if (httpd->daemon)
        return g_steal_pointer(&httpd);
    close(fd);
    pup_kept_free(httpd->kept);
    pup_error_set(error, PUP_ERROR_IO, "cannot start the HTTP server");
    return NULL;
}

unsigned
pup_httpd_port(const PupHttpd *httpd)
{
    return httpd->port;
}

void
pup_httpd_free(PupHttpd *httpd)
{
    if (!httpd)
        return;
    g_atomic_int_set(&httpd->stopping, 1);
    int fd = MHD_quiesce_daemon(httpd->daemon);
    gint64 deadline_us = g_get_monotonic_time() + STOP_WAIT_US;
    while (g_atomic_int_get(&httpd->n_running) > 0 &&
           g_get_monotonic_time() < deadline_us)
        g_usleep(10000);
    MHD_stop_daemon(httpd->daemon);
    pup_kept_free(httpd->kept);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
    g_free(httpd);
}
