/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pupitre-seat - the agent on a PC: asks the server what to run, runs it, says how it
 * goes
 *
 * Started by the client image's init without options: all it needs is on the kernel's
 * command line. Ends with SIGTERM or SIGINT, after a clean stop of the guest.
 */
#include "config.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "client-image/seat/log.h"
#include "client-image/seat/seat.h"
#include "client-image/seat/words.h"
#include "client-image/common/notify.h"
#include "lib/error.h"
#include "lib/output.h"

static gboolean
on_signal(gpointer data)
{
    pup_log("stopping", "%s", "");
    pup_seat_quit(data);
    return G_SOURCE_CONTINUE;
}

static void
on_over(gpointer user)
{
    g_main_loop_quit(user);
}

static int
probe_kvm(void)
{
    const char *why;
    PupKvmFeatures features = pup_kvm_probe(&why);

    if (features == 0) {
        printf("KVM does not work: %s\n", why);
        return EXIT_FAILURE;
    }
    printf("KVM works%s\n",
           features & PUP_KVM_HYPERV ? ", with Hyper-V enlightenments" : "");
    return EXIT_SUCCESS;
}

static gboolean
run(const PupSeatOptions *options, GError **error)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    PupHardware hardware;
    g_autoptr(PupSeat) seat = NULL;

    if (!pup_hardware_probe(&hardware, error))
        return FALSE;
    pup_log("begin", "%s %s, %u CPUs, %" G_GUINT64_FORMAT " MiB, %s", options->mac,
            options->server, hardware.cpus, hardware.memory_mib,
            hardware.kvm ? "KVM" : hardware.no_kvm_why);
    seat = pup_seat_new(options, &hardware, on_over, loop, error);
    if (!seat)
        return FALSE;
    g_unix_signal_add(SIGTERM, on_signal, seat);
    g_unix_signal_add(SIGINT, on_signal, seat);
    pup_seat_begin(seat);
    g_main_loop_run(loop);
    return TRUE;
}

/* What went wrong before there is a seat is shown too. */
static int
give_up(const PupSeatOptions *options, const GError *error)
{
    g_autofree char *screen = g_build_filename(
        options->rundir ? options->rundir : "/run/pupitre", "screen.sock", NULL);

    const PupFacts facts = {.why = error->message};
    g_autoptr(PupWords) words = pup_words_new(PUP_SAY_NOT_BEGUN, &facts);
    g_autofree char *line = pup_words_line(words);

    pup_log("failed", "%s", error->message);
    pup_notify_send(screen, "error START %s", line);
    return pup_error_exit_status(error);
}

int
main(int argc, char **argv)
{
    PupSeatOptions options = {0};
    g_autoptr(GError) error = NULL;
    int status = EXIT_SUCCESS;

    pup_output_guard("pupitre-seat");
    signal(SIGPIPE, SIG_IGN); /* a console that is gone is no reason to go */
    if (!pup_seat_options_parse(&options, &argc, &argv, &error))
        status = give_up(&options, error);
    else if (options.probe_kvm)
        status = probe_kvm();
    else if (!run(&options, &error))
        status = give_up(&options, error);
    pup_seat_options_clear(&options);
    return status;
}
