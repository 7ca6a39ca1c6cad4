/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/log.h"

#include <stdio.h>
#include <time.h>

gint64
pup_uptime_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (gint64) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
pup_log(const char *event, const char *format, ...)
{
    g_autofree char *text = NULL;
    gint64 now_ms = pup_uptime_ms();
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    for (char *c = text; *c; c++) {
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    }
    fprintf(stderr, "seat %d.%03d %s %s\n", (int) (now_ms / 1000), (int) (now_ms % 1000),
            event, text);
}
