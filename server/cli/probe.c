/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/probe.h"

#include <gio/gio.h>
#include <string.h>

#define DEADLINE_S 3
#define REQUEST "GET /boot.ipxe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
#define ANSWER_MAX 4096

static const char *
host_of(const PupSettings *settings)
{
    return settings->address ? settings->address : "127.0.0.1";
}

char *
pup_probe_address(const PupSettings *settings)
{
    return g_strdup_printf("%s:%u", host_of(settings), settings->port);
}

static gpointer
cancel_late(gpointer data)
{
    GAsyncQueue *done = ((gpointer *) data)[0];
    if (!g_async_queue_timeout_pop(done, DEADLINE_S * G_USEC_PER_SEC))
        g_cancellable_cancel(((gpointer *) data)[1]);
    return NULL;
}

/* All of the answer, as far as it matters. NULL when it does not come in time. */
static char *
exchange(GSocketConnection *connection, GCancellable *late)
{
    GIOStream *stream = G_IO_STREAM(connection);
    char answer[ANSWER_MAX + 1] = "";
    gsize len;

    if (!g_output_stream_write_all(g_io_stream_get_output_stream(stream), REQUEST,
                                   strlen(REQUEST), NULL, late, NULL) ||
        !g_input_stream_read_all(g_io_stream_get_input_stream(stream), answer, ANSWER_MAX,
                                 &len, late, NULL))
        return NULL;
    return g_strndup(answer, len);
}

static PupServes
ask(const PupSettings *settings, GCancellable *late)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketConnection) connection = NULL;
    g_autofree char *answer = NULL;

    g_socket_client_set_enable_proxy(client, FALSE);
    connection = g_socket_client_connect_to_host(client, host_of(settings),
                                                 (guint16) settings->port, late, NULL);
    if (!connection)
        return PUP_SERVES_NOT;
    answer = exchange(connection, late);
    if (!answer)
        return PUP_SERVES_HUNG;
    return g_str_has_prefix(answer, "HTTP/1.1 200") && strstr(answer, "#!ipxe")
               ? PUP_SERVES
               : PUP_SERVES_ELSE;
}

/* A socket's own timeout begins anew with each byte: a thread watches the whole. */
PupServes
pup_probe(const PupSettings *settings)
{
    g_autoptr(GAsyncQueue) done = g_async_queue_new();
    g_autoptr(GCancellable) late = g_cancellable_new();
    gpointer watched[] = {done, late};
    GThread *thread = g_thread_new("deadline", cancel_late, watched);
    PupServes serves = ask(settings, late);

    g_async_queue_push(done, done);
    g_thread_join(thread);
    return serves;
}

const char *
pup_probe_name(PupServes serves)
{
    static const char *const names[] = {[PUP_SERVES] = "answers",
                                        [PUP_SERVES_NOT] = "absent",
                                        [PUP_SERVES_HUNG] = "hangs",
                                        [PUP_SERVES_ELSE] = "other"};
    return names[serves];
}

char *
pup_probe_words(PupServes serves, const char *address)
{
    switch (serves) {
    case PUP_SERVES:
        return g_strdup_printf("answers at %s", address);
    case PUP_SERVES_HUNG:
        return g_strdup_printf("hangs: it takes connections at %s and answers none; "
                               "`systemctl restart pupitred` starts it afresh",
                               address);
    case PUP_SERVES_ELSE:
        return g_strdup_printf("does not serve: what answers at %s is not Pupitre, or "
                               "in trouble; see `journalctl -u pupitred`",
                               address);
    default:
        return g_strdup_printf("does not answer at %s: run `systemctl start pupitred`",
                               address);
    }
}
