/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/console.h"

#include <fcntl.h>
#include <linux/kd.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct PupConsole {
    int fd;
};

PupConsole *
pup_console_take(void)
{
    int fd = open("/dev/tty0", O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd < 0)
        return NULL;
    if (ioctl(fd, KDSETMODE, KD_GRAPHICS) != 0) {
        close(fd);
        return NULL;
    }
    ioctl(fd, KDSKBMODE, K_OFF);
    PupConsole *console = g_new0(PupConsole, 1);
    console->fd = fd;
    return console;
}

void
pup_console_release(PupConsole *console)
{
    if (console == NULL)
        return;
    ioctl(console->fd, KDSKBMODE, K_UNICODE);
    ioctl(console->fd, KDSETMODE, KD_TEXT);
    close(console->fd);
    g_free(console);
}
