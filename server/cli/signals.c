/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/cli.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void
fill_set(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

static gpointer
wait_for_signal(gpointer data)
{
    GCancellable *cancellable = data;
    sigset_t set;
    int number;

    fill_set(&set);
    for (unsigned n = 0; sigwait(&set, &number) == 0; n++) {
        if (n > 0)
            _exit(PUP_CLI_INTERRUPTED);
        g_cancellable_cancel(cancellable);
    }
    return NULL;
}

void
pup_cli_catch_signals(PupCli *cli)
{
    sigset_t set;

    if (cli->cancellable)
        return;
    fill_set(&set);
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    cli->cancellable = g_cancellable_new();
    g_thread_unref(
        g_thread_new("signals", wait_for_signal, g_object_ref(cli->cancellable)));
}
