/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/subprocess.h"

#include <signal.h>

/* GLib's own thread notes the exit, whereupon the identifier is NULL. */
void
pup_subprocess_stop(GSubprocess *process, unsigned wait_ms)
{
    gint64 deadline_us = g_get_monotonic_time() + (gint64) wait_ms * 1000;

    g_subprocess_send_signal(process, SIGTERM);
    while (g_subprocess_get_identifier(process) && g_get_monotonic_time() < deadline_us)
        g_usleep(5000);
    g_subprocess_force_exit(process);
    g_subprocess_wait(process, NULL, NULL);
}
