/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/common/notify.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/error.h"

static gboolean
set_address(struct sockaddr_un *address, const char *path)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    return g_strlcpy(address->sun_path, path, sizeof address->sun_path) <
           sizeof address->sun_path;
}

/* Cut at PUP_NOTIFY_MAX, not within a UTF-8 character; a line break would begin a second
 * message, so control characters become blanks. */
static size_t
tidy_line(char *line)
{
    size_t len = strlen(line);

    if (len > PUP_NOTIFY_MAX) {
        len = PUP_NOTIFY_MAX;
        while (len > 0 && ((guint8) line[len] & 0xc0) == 0x80)
            len--;
    }
    for (size_t i = 0; i < len; i++) {
        if (g_ascii_iscntrl(line[i]))
            line[i] = ' ';
    }
    return len;
}

void
pup_notify_send(const char *path, const char *format, ...)
{
    struct sockaddr_un address;
    g_autofree char *line = NULL;
    size_t len;
    va_list args;
    int fd;

    va_start(args, format);
    line = g_strdup_vprintf(format, args);
    va_end(args);
    len = tidy_line(line);
    if (!set_address(&address, path))
        return;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    /* Nobody listening, or a full queue, is the listener's loss. */
    (void) !sendto(fd, line, len, MSG_NOSIGNAL, (struct sockaddr *) &address,
                   sizeof address);
    close(fd);
}

int
pup_notify_listen(const char *path, GError **error)
{
    struct sockaddr_un address;
    int fd;

    if (!set_address(&address, path)) {
        pup_error_set(error, PUP_ERROR_INVALID, "'%s' is too long for a socket's path",
                      path);
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        pup_error_set_errno(error, errno, "cannot make a socket");
        return -1;
    }
    unlink(path);
    if (bind(fd, (struct sockaddr *) &address, sizeof address) < 0) {
        pup_error_set_errno(error, errno, "cannot bind '%s'", path);
        close(fd);
        return -1;
    }
    return fd;
}

gboolean
pup_notify_receive(int fd, char line[PUP_NOTIFY_MAX + 1])
{
    ssize_t len;

    do
        len = recv(fd, line, PUP_NOTIFY_MAX, MSG_DONTWAIT);
    while (len < 0 && errno == EINTR);
    if (len < 0)
        return FALSE;
    line[len] = '\0';
    return TRUE;
}
