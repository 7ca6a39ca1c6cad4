/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A request that has to wait, for its chunk or for its turn on the line, is suspended and
 * costs a hundred bytes; libmicrohttpd's one thread serves all others meanwhile. The
 * supply's callback or the clock, whoever is first, wakes it.
 *
 * A request that waits for a chunk belongs to two: the connection, and the callback that
 * comes in any case, maybe when the connection or even the server are gone. Hence the
 * counting of both.
 *
 * The line is shared at the beginning of each answer: a chunk is small, and libmicrohttpd
 * knows no pause within a body.
 */
#include "config.h"

#include "client-image/stream/peer_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client-image/stream/clock.h"
#include "client-image/stream/pacer.h"
#include "lib/error.h"

#define PATH_PREFIX "/v1/chunks/"
#define IDLE_TIMEOUT_S 30u
/* Headers and the reading buffer of one connection. */
#define CONNECTION_MEMORY ((size_t) 4 * 1024)
#define BACKLOG 256

struct PupPeerServer {
    gint refs; /* atomic: the owner's, and one for each callback that has yet to come */
    PupPeerServerConfig config;
    struct MHD_Daemon *daemon;
    pthread_t clock;
    pthread_mutex_t lock;
    pthread_cond_t change;
    gboolean stopping;
    GQueue waits;            /* of Wait: those suspended */
    GHashTable *connections; /* IPv4 address -> how many it has */
    PupPacer pacer;
};

typedef enum { FOR_CHUNK, FOR_LINE, WOKEN } WaitState;

/* A request that waits or has waited. Under the server's lock. */
typedef struct {
    gint refs; /* atomic */
    GList link;
    PupPeerServer *server;
    struct MHD_Connection *connection;
    WaitState state;
    gboolean paced;     /* its turn on the line has come */
    gint64 until_us;    /* the clock wakes it then */
    PupBuffer *encoded; /* NULL: it has not come */
} Wait;

/* What *request is between the two calls of a request that does not wait. */
static char headers_seen;

static void
server_unref(PupPeerServer *server)
{
    if (!g_atomic_int_dec_and_test(&server->refs))
        return;
    g_hash_table_destroy(server->connections);
    pthread_cond_destroy(&server->change);
    pthread_mutex_destroy(&server->lock);
    g_free(server);
}

static void
wait_unref(Wait *wait)
{
    if (!g_atomic_int_dec_and_test(&wait->refs))
        return;
    pup_buffer_unref(wait->encoded);
    g_free(wait);
}

/* Have libmicrohttpd ask again for the answer to @wait. The lock is held. */
static void
wake(Wait *wait)
{
    if (wait->state == WOKEN)
        return;
    wait->state = WOKEN;
    g_queue_unlink(&wait->server->waits, &wait->link);
    MHD_resume_connection(wait->connection);
}

/* Suspend @wait until somebody wakes it. FALSE: too many wait. The lock is held. */
static gboolean
suspend(Wait *wait, WaitState state, gint64 until_us)
{
    PupPeerServer *server = wait->server;

    if (server->stopping || server->waits.length >= PUP_PEER_WAITS_MAX)
        return FALSE;
    wait->state = state;
    wait->until_us = until_us;
    g_queue_push_tail_link(&server->waits, &wait->link);
    MHD_suspend_connection(wait->connection);
    pthread_cond_signal(&server->change);
    return TRUE;
}

/* Wake whose time has come, for as long as the server lives. */
static void *
run_clock(void *user)
{
    PupPeerServer *server = user;

    pthread_mutex_lock(&server->lock);
    while (!server->stopping) {
        gint64 now_us = g_get_monotonic_time();
        gint64 next_us = G_MAXINT64;
        for (GList *l = server->waits.head, *next; l; l = next) {
            Wait *wait = l->data;
            next = l->next;
            if (wait->until_us <= now_us)
                wake(wait);
            else
                next_us = MIN(next_us, wait->until_us);
        }
        pup_clock_cond_wait(&server->change, &server->lock, next_us);
    }
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

static enum MHD_Result
refuse(struct MHD_Connection *connection, unsigned status)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, (void *) "", MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, status, response);

    MHD_destroy_response(response);
    return result;
}

static void
free_body(void *encoded)
{
    pup_buffer_unref(encoded);
}

static enum MHD_Result
send_chunk(PupPeerServer *server, struct MHD_Connection *connection, PupBuffer *encoded)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback_cls(
            encoded->len, encoded->data, free_body, pup_buffer_ref(encoded));
    enum MHD_Result result;

    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            "application/octet-stream");
    result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    pup_stats_add(server->config.stats, PUP_STAT_SERVED_BYTES, encoded->len);
    return result;
}

static Wait *
wait_new(PupPeerServer *server, struct MHD_Connection *connection)
{
    Wait *wait = g_new0(Wait, 1);

    wait->refs = 1;
    wait->link.data = wait;
    wait->server = server;
    wait->connection = connection;
    wait->state = WOKEN;
    return wait;
}

/* Send what @wait has, now or when the line is free. */
static enum MHD_Result
send_in_turn(Wait *wait)
{
    PupPeerServer *server = wait->server;
    guint64 bytes_s = (guint64) server->config.uplink_kib_s(server->config.user) * 1024;
    gint64 now_us = g_get_monotonic_time();
    gboolean waits = FALSE;
    gint64 turn_us = now_us;

    pthread_mutex_lock(&server->lock);
    if (!wait->paced)
        turn_us = pup_pacer_take(&server->pacer, wait->encoded->len, bytes_s, now_us,
                                 (gint64) PUP_PEER_WAIT_MS * 1000);
    wait->paced = TRUE;
    if (turn_us > now_us)
        waits = turn_us < G_MAXINT64 && suspend(wait, FOR_LINE, turn_us);
    pthread_mutex_unlock(&server->lock);
    if (waits)
        return MHD_YES;
    if (turn_us > now_us)
        return refuse(wait->connection, MHD_HTTP_SERVICE_UNAVAILABLE);
    return send_chunk(server, wait->connection, wait->encoded);
}

/* The supply has an answer for @user, a Wait. */
static void
on_encoded(gpointer user, PupBuffer *encoded)
{
    Wait *wait = user;
    PupPeerServer *server = wait->server;

    pthread_mutex_lock(&server->lock);
    if (wait->state == FOR_CHUNK) {
        wait->encoded = pup_buffer_ref(encoded);
        wake(wait);
    }
    pthread_mutex_unlock(&server->lock);
    wait_unref(wait);
    server_unref(server);
}

/* Have the chunk fetched. */
static enum MHD_Result
send_later(Wait *wait, const PupName *name)
{
    PupPeerServer *server = wait->server;
    g_autoptr(PupBuffer) encoded = NULL;
    gboolean waits;

    pthread_mutex_lock(&server->lock);
    waits = suspend(wait, FOR_CHUNK,
                    g_get_monotonic_time() + (gint64) PUP_PEER_WAIT_MS * 1000);
    pthread_mutex_unlock(&server->lock);
    if (!waits)
        return refuse(wait->connection, MHD_HTTP_SERVICE_UNAVAILABLE);
    g_atomic_int_inc(&wait->refs);
    g_atomic_int_inc(&server->refs);
    encoded = pup_supply_encoded(server->config.supply, name, on_encoded, wait);
    if (encoded)
        on_encoded(wait, encoded);
    return MHD_YES;
}

static gboolean
parse_path(const char *url, PupName *name)
{
    const char *hex = url + strlen(PATH_PREFIX);

    return g_str_has_prefix(url, PATH_PREFIX) &&
           pup_name_from_hex(hex, strlen(hex), name, NULL) && !pup_name_is_null(name);
}

static enum MHD_Result
begin(PupPeerServer *server, struct MHD_Connection *connection, const char *url,
      void **request)
{
    PupName name;
    Wait *wait;

    if (!parse_path(url, &name))
        return refuse(connection, MHD_HTTP_NOT_FOUND);
    *request = wait = wait_new(server, connection);
    wait->encoded = pup_supply_encoded(server->config.supply, &name, NULL, NULL);
    if (wait->encoded)
        return send_in_turn(wait);
    if (!MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Pupitre-Peer"))
        return refuse(connection, MHD_HTTP_NOT_FOUND);
    return send_later(wait, &name);
}

static gboolean
has_come(Wait *wait)
{
    gboolean has;

    pthread_mutex_lock(&wait->server->lock);
    has = wait->encoded != NULL;
    pthread_mutex_unlock(&wait->server->lock);
    return has;
}

/* Called for the headers, then for the answer, and again after each waiting. */
static enum MHD_Result
answer(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *upload_data, size_t *upload_data_size,
       void **request)
{
    Wait *wait;

    if (*upload_data_size > 0)
        return MHD_NO;
    if (!*request) {
        *request = &headers_seen;
        return MHD_YES;
    }
    if (*request == &headers_seen) {
        if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
            return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED);
        return begin(cls, connection, url, request);
    }
    wait = *request;
    if (!has_come(wait))
        return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE);
    return send_in_turn(wait);
}

static void
completed(void *cls, struct MHD_Connection *connection, void **request,
          enum MHD_RequestTerminationCode how)
{
    if (*request && *request != &headers_seen)
        wait_unref(*request);
    *request = NULL;
}

static gpointer
key_of(const struct sockaddr *address)
{
    const struct sockaddr_in *in = (gconstpointer) address;

    return GUINT_TO_POINTER(in->sin_addr.s_addr);
}

static enum MHD_Result
accept_client(void *cls, const struct sockaddr *address, socklen_t len)
{
    PupPeerServer *server = cls;
    char text[INET_ADDRSTRLEN];
    unsigned n, max;

    if (address->sa_family != AF_INET ||
        !inet_ntop(AF_INET,
                   &((const struct sockaddr_in *) (gconstpointer) address)->sin_addr,
                   text, sizeof text))
        return MHD_NO;
    max = PUP_PEER_CONNECTIONS_EACH * server->config.count_at(server->config.user, text);
    pthread_mutex_lock(&server->lock);
    n = GPOINTER_TO_UINT(g_hash_table_lookup(server->connections, key_of(address)));
    pthread_mutex_unlock(&server->lock);
    return n < max ? MHD_YES : MHD_NO;
}

static void
count_connection(void *cls, struct MHD_Connection *connection, void **context,
                 enum MHD_ConnectionNotificationCode what)
{
    PupPeerServer *server = cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    gpointer key = key_of(info->client_addr);
    guint n;

    pthread_mutex_lock(&server->lock);
    n = GPOINTER_TO_UINT(g_hash_table_lookup(server->connections, key));
    n += what == MHD_CONNECTION_NOTIFY_STARTED ? 1u : -1u;
    if (n > 0)
        g_hash_table_insert(server->connections, key, GUINT_TO_POINTER(n));
    else
        g_hash_table_remove(server->connections, key);
    pthread_mutex_unlock(&server->lock);
}

/* The library's own words are of clients that went away. */
static void G_GNUC_PRINTF(2, 0) ignore_words(void *cls, const char *format, va_list args)
{
}

unsigned
pup_peer_server_bind(const char *address, unsigned port, int *fd, GError **error)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((guint16) port)};
    socklen_t len = sizeof sin;
    int on = 1;
    int sock;

    if (address && inet_pton(AF_INET, address, &sin.sin_addr) != 1) {
        pup_error_set(error, PUP_ERROR_INVALID, "'%s' is not an IPv4 address", address);
        return 0;
    }
    sock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (sock < 0 || setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(sock, (struct sockaddr *) &sin, sizeof sin) != 0 ||
        listen(sock, BACKLOG) != 0 ||
        getsockname(sock, (struct sockaddr *) &sin, &len) != 0) {
        pup_error_set_errno(error, errno, "cannot listen on port %u for other seats",
                            port);
        if (sock >= 0)
            close(sock);
        return 0;
    }
    *fd = sock;
    return ntohs(sin.sin_port);
}

static struct MHD_Daemon *
start_daemon(PupPeerServer *server, int fd)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
        accept_client, server, answer, server, MHD_OPTION_EXTERNAL_LOGGER, ignore_words,
        NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S,
        MHD_OPTION_CONNECTION_LIMIT, PUP_PEER_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
        MHD_OPTION_NOTIFY_CONNECTION, count_connection, server,
        MHD_OPTION_NOTIFY_COMPLETED, completed, server, MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
        1, MHD_OPTION_END);
}

PupPeerServer *
pup_peer_server_new(const PupPeerServerConfig *config, int fd, GError **error)
{
    PupPeerServer *server = g_new0(PupPeerServer, 1);

    server->refs = 1;
    server->config = *config;
    server->connections = g_hash_table_new(NULL, NULL);
    pthread_mutex_init(&server->lock, NULL);
    pup_clock_cond_init(&server->change);
    server->daemon = start_daemon(server, fd);
    if (!server->daemon) {
        pup_error_set(error, PUP_ERROR_IO, "cannot start the server for other seats");
        close(fd);
        server_unref(server);
        return NULL;
    }
    if (pthread_create(&server->clock, NULL, run_clock, server) != 0)
        g_error("cannot start a thread");
    return server;
}

void
pup_peer_server_free(PupPeerServer *server)
{
    if (!server)
        return;
    pthread_mutex_lock(&server->lock);
    server->stopping = TRUE;
    while (server->waits.head)
        wake(server->waits.head->data);
    pthread_cond_signal(&server->change);
    pthread_mutex_unlock(&server->lock);
    pthread_join(server->clock, NULL);
    MHD_stop_daemon(server->daemon);
    server_unref(server);
}
