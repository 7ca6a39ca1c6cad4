/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/console.h"

#include <fcntl.h>
#include <linux/kd.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct PupConsole {
    int fd;
    int mode_before, keyboard_before;
};

PupConsole *
pup_console_take(void)
{
    int fd = open("/dev/tty0", O_RDWR | O_NOCTTY | O_CLOEXEC);
    int mode = KD_TEXT, keyboard = K_UNICODE;

    if (fd < 0)
        return NULL;
    if (ioctl(fd, KDGETMODE, &mode) != 0 || ioctl(fd, KDSETMODE, KD_GRAPHICS) != 0) {
        close(fd);
        return NULL;
    }
    if (ioctl(fd, KDGKBMODE, &keyboard) == 0)
        ioctl(fd, KDSKBMODE, K_OFF);
    PupConsole *console = g_new0(PupConsole, 1);
    console->fd = fd;
    console->mode_before = mode;
    console->keyboard_before = keyboard;
    return console;
}

void
pup_console_release(PupConsole *console)
{
    if (console == NULL)
        return;
    ioctl(console->fd, KDSKBMODE, console->keyboard_before);
    ioctl(console->fd, KDSETMODE, console->mode_before);
    close(console->fd);
    g_free(console);
}
