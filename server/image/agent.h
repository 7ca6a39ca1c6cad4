/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agent - files and programs in a running guest, through its QEMU guest agent
 *
 *     pup_agent_wait(domain, timeout_ms, cancellable, &error)
 *     pup_agent_write_file(domain, "/tmp/x", bytes, cancellable, &error)
 *     pup_agent_run(domain, &command, &exit_status, &error)
 *
 * The agent tells nobody when a program ends: pup_agent_run() asks it now and then, often
 * at first, twice a second later. Blocking; any thread, several domains at once are fine.
 *
 * All fail with NOT_FOUND when the guest or its agent goes away meanwhile, and end soon
 * after their cancellable.
 */
#pragma once

#include "server/image/virt.h"

/* Wait until the agent answers, at most @timeout_ms. Errors: TIMEOUT, NOT_FOUND
 * (the guest ended), cancelled. */
gboolean pup_agent_wait(PupVirtDomain *domain, gint64 timeout_ms,
                        GCancellable *cancellable, GError **error);

/* Write @bytes as the file @path of the guest; its folder must be there. Errors: IO (with
 * the guest's words), TIMEOUT, NOT_FOUND. */
gboolean pup_agent_write_file(PupVirtDomain *domain, const char *path, GBytes *bytes,
                              GCancellable *cancellable, GError **error);

/* Takes what a program printed, standard output and errors, when it has ended; @text is
 * not NUL-terminated and may be any bytes. */
typedef void (*PupAgentOutput)(gpointer data, const char *text, gsize len);

typedef struct {
    const char *const *argv; /* argv[0]: path in the guest */
    unsigned timeout_s;    /* at least 1; afterwards TIMEOUT: the program may still run */
    PupAgentOutput output; /* NULL: what it prints is dropped */
    gpointer data;
    GCancellable *cancellable; /* may be NULL */
} PupAgentCommand;

/* Run a program in the guest to its end. *@exit_status: what it ended with, 128 + number
 * where a signal ended it. Errors: IO (it cannot be started), TIMEOUT,
 * NOT_FOUND (the guest ended, or restarted). */
gboolean pup_agent_run(PupVirtDomain *domain, const PupAgentCommand *command,
                       int *exit_status, GError **error);
