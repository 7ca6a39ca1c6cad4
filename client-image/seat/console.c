/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The output may be a slow serial line, or a pipe that nobody reads. So it is only
 * written when poll() says that a short line will not block, and what waits meanwhile is
 * bounded. The descriptor is not made non-blocking: it is shared with others.
 */
#include "config.h"
#include "client-image/seat/console.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client-image/seat/console_text.h"
#include "lib/error.h"

#define WAITING_LINES_MAX 256u
/* A line that the guest does not end is shown after it was silent for so long: a guest on
 * a busy PC pauses within a line, too. */
#define FLUSH_MS 10000
#define READ_BYTES 4096

struct PupConsole {
    char *path;
    int listen_fd, guest_fd, out_fd;
    guint listen_source, guest_source, out_source, flush_source;
    gboolean had_sign;
    GSourceFunc on_sign;
    gpointer user;
    PupConsoleText text;
    GQueue waiting; /* whole lines, to be written */
    unsigned n_lost;
};

static gboolean
can_write(const PupConsole *console)
{
    struct pollfd out = {.fd = console->out_fd, .events = POLLOUT};

    return poll(&out, 1, 0) == 1 && (out.revents & POLLOUT);
}

/* A line is written at once or, when the output breaks, not at all. */
static void
write_line(const PupConsole *console, const char *line)
{
    g_autofree char *whole = g_strdup_printf("guest: %s\n", line);

    (void) !write(console->out_fd, whole, strlen(whole));
}

static gboolean
on_out(gint fd, GIOCondition condition, gpointer data)
{
    PupConsole *console = data;

    while (console->waiting.length > 0 && can_write(console)) {
        g_autofree char *line = g_queue_pop_head(&console->waiting);

        write_line(console, line);
    }
    if (console->waiting.length > 0 && !(condition & (G_IO_ERR | G_IO_HUP)))
        return G_SOURCE_CONTINUE;
    g_queue_clear_full(&console->waiting, g_free);
    if (console->n_lost > 0) {
        g_autofree char *lost = g_strdup_printf("(%u lines lost)", console->n_lost);

        console->n_lost = 0;
        g_queue_push_tail(&console->waiting, g_steal_pointer(&lost));
        return G_SOURCE_CONTINUE;
    }
    console->out_source = 0;
    return G_SOURCE_REMOVE;
}

static void
on_line(gpointer user, const char *line)
{
    PupConsole *console = user;

    if (console->waiting.length == 0 && console->n_lost == 0 && can_write(console)) {
        write_line(console, line);
        return;
    }
    if (console->waiting.length >= WAITING_LINES_MAX)
        console->n_lost++;
    else
        g_queue_push_tail(&console->waiting, g_strdup(line));
    if (!console->out_source)
        console->out_source = g_unix_fd_add(console->out_fd, G_IO_OUT, on_out, console);
}

static gboolean
on_flush(gpointer data)
{
    PupConsole *console = data;

    console->flush_source = 0;
    pup_console_text_flush(&console->text, on_line, console);
    return G_SOURCE_REMOVE;
}

static void
drop_guest(PupConsole *console)
{
    g_clear_handle_id(&console->guest_source, g_source_remove);
    g_clear_handle_id(&console->flush_source, g_source_remove);
    pup_console_text_flush(&console->text, on_line, console);
    console->text = (PupConsoleText){0};
    if (console->guest_fd >= 0)
        close(console->guest_fd);
    console->guest_fd = -1;
}

static gboolean
on_guest(gint fd, GIOCondition condition, gpointer data)
{
    PupConsole *console = data;
    char bytes[READ_BYTES];
    ssize_t len = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (len < 0 && (errno == EINTR || errno == EAGAIN))
        return G_SOURCE_CONTINUE;
    if (len <= 0) {
        console->guest_source = 0;
        drop_guest(console);
        return G_SOURCE_REMOVE;
    }
    if (!console->had_sign) {
        console->had_sign = TRUE;
        console->on_sign(console->user);
    }
    pup_console_text_take(&console->text, bytes, (gsize) len, on_line, console);
    g_clear_handle_id(&console->flush_source, g_source_remove);
    if (console->text.len > 0)
        console->flush_source = g_timeout_add(FLUSH_MS, on_flush, console);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_connect(gint fd, GIOCondition condition, gpointer data)
{
    PupConsole *console = data;
    int guest_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (guest_fd < 0)
        return G_SOURCE_CONTINUE;
    drop_guest(console);
    console->guest_fd = guest_fd;
    console->had_sign = FALSE;
    console->guest_source =
        g_unix_fd_add(guest_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_guest, console);
    return G_SOURCE_CONTINUE;
}

static int
listen_on(const char *path, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >=
        sizeof address.sun_path) {
        pup_error_set(error, PUP_ERROR_INVALID, "'%s' is too long for a socket", path);
        return -1;
    }
    unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *) &address, sizeof address) == 0 &&
        listen(fd, 1) == 0)
        return fd;
    pup_error_set_errno(error, errno, "cannot listen on '%s'", path);
    if (fd >= 0)
        close(fd);
    return -1;
}

PupConsole *
pup_console_new(const char *path, int out_fd, GSourceFunc on_sign, gpointer user,
                GError **error)
{
    int fd = listen_on(path, error);
    PupConsole *console;

    if (fd < 0)
        return NULL;
    console = g_new0(PupConsole, 1);
    console->path = g_strdup(path);
    console->listen_fd = fd;
    console->guest_fd = -1;
    console->out_fd = out_fd;
    console->on_sign = on_sign;
    console->user = user;
    g_queue_init(&console->waiting);
    console->listen_source = g_unix_fd_add(fd, G_IO_IN, on_connect, console);
    return console;
}

void
pup_console_free(PupConsole *console)
{
    if (!console)
        return;
    drop_guest(console);
    g_source_remove(console->listen_source);
    g_clear_handle_id(&console->out_source, g_source_remove);
    g_queue_clear_full(&console->waiting, g_free);
    close(console->listen_fd);
    unlink(console->path);
    g_free(console->path);
    g_free(console);
}
