/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/agent.h"

#include <string.h>

#include "lib/error.h"
#include "server/image/agent_json.h"

#define ANSWER_TIMEOUT_S 30
#define PING_TIMEOUT_S 5
#define FIRST_ASKED_MS 20
#define LAST_ASKED_MS 500
/* The agent takes commands of 64 KiB and more; base64 makes a third more of it. */
#define WRITE_BYTES (32u * 1024u)

static gboolean
no_agent(PupVirtDomain *domain, gint64 timeout_ms, GCancellable *cancellable,
         GError **error)
{
    if (!g_cancellable_set_error_if_cancelled(cancellable, error))
        pup_error_set(error, PUP_ERROR_TIMEOUT,
                      "no guest agent in '%s' within %" G_GINT64_FORMAT " s",
                      pup_virt_domain_name(domain), timeout_ms / 1000);
    return FALSE;
}

gboolean
pup_agent_wait(PupVirtDomain *domain, gint64 timeout_ms, GCancellable *cancellable,
               GError **error)
{
    gint64 end_us = g_get_monotonic_time() + timeout_ms * 1000;
    g_autofree char *ping = pup_agent_json_ping();

    for (;;) {
        gint64 left_ms = MAX(0, (end_us - g_get_monotonic_time()) / 1000);
        g_autofree char *answer = NULL;
        PupVirtStates states = pup_virt_domain_wait(
            domain, PUP_VIRT_AGENT | PUP_VIRT_STUCK, left_ms, cancellable, NULL);

        if (states == 0)
            return no_agent(domain, timeout_ms, cancellable, error);
        if (states & PUP_VIRT_STUCK) {
            pup_error_set(error, PUP_ERROR_NOT_FOUND,
                          "no guest agent: the virtual machine '%s' stopped",
                          pup_virt_domain_name(domain));
            return FALSE;
        }
        /* The channel is open a little before the agent reads from it, and stays so while
         * the agent hangs. */
        answer = pup_virt_domain_agent(domain, ping, PING_TIMEOUT_S, NULL);
        if (answer)
            return TRUE;
        if (g_get_monotonic_time() >= end_us)
            return no_agent(domain, timeout_ms, cancellable, error);
        pup_virt_domain_wait(domain, PUP_VIRT_NO_AGENT | PUP_VIRT_STUCK, FIRST_ASKED_MS,
                             cancellable, NULL);
    }
}

/* One command and its answer, or NULL. */
static char *
ask(PupVirtDomain *domain, const char *command, GCancellable *cancellable, GError **error)
{
    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return NULL;
    return pup_virt_domain_agent(domain, command, ANSWER_TIMEOUT_S, error);
}

static gboolean
write_part(PupVirtDomain *domain, gint64 handle, const guint8 *bytes, gsize *len,
           GCancellable *cancellable, GError **error)
{
    g_autofree char *command = pup_agent_json_write(handle, bytes, *len);
    g_autofree char *answer = ask(domain, command, cancellable, error);
    gint64 count = 0;

    if (!answer || !pup_agent_json_read_count(answer, &count, error))
        return FALSE;
    if (count <= 0 || (guint64) count > *len) {
        pup_error_set(error, PUP_ERROR_IO,
                      "the guest wrote %" G_GINT64_FORMAT " of %zu bytes", count, *len);
        return FALSE;
    }
    *len = (gsize) count;
    return TRUE;
}

static gboolean
write_all(PupVirtDomain *domain, gint64 handle, GBytes *bytes, GCancellable *cancellable,
          GError **error)
{
    gsize len = 0;
    const guint8 *data = g_bytes_get_data(bytes, &len);

    for (gsize at = 0; at < len;) {
        gsize n = MIN(len - at, WRITE_BYTES);
        if (!write_part(domain, handle, data + at, &n, cancellable, error))
            return FALSE;
        at += n;
    }
    return TRUE;
}

gboolean
pup_agent_write_file(PupVirtDomain *domain, const char *path, GBytes *bytes,
                     GCancellable *cancellable, GError **error)
{
    g_autofree char *open = pup_agent_json_open(path);
    g_autofree char *opened = ask(domain, open, cancellable, error);
    g_autofree char *close = NULL, *closed = NULL;
    gint64 handle = 0;
    gboolean good = opened && pup_agent_json_read_handle(opened, &handle, error);

    if (good) {
        good = write_all(domain, handle, bytes, cancellable, error);
        close = pup_agent_json_close(handle);
        closed =
            pup_virt_domain_agent(domain, close, ANSWER_TIMEOUT_S, good ? error : NULL);
        good = good && closed != NULL;
    }
    if (!good)
        g_prefix_error(error, "cannot write '%s' in the guest: ", path);
    return good;
}

/* Wait a little, but not on: FALSE when the guest's agent went away or we are to stop. */
static gboolean
pause_for(PupVirtDomain *domain, gint64 wait_ms, GCancellable *cancellable,
          GError **error)
{
    g_autoptr(GError) late = NULL;
    PupVirtStates states = pup_virt_domain_wait(
        domain, PUP_VIRT_NO_AGENT | PUP_VIRT_STUCK, wait_ms, cancellable, &late);

    if (states != 0)
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "the virtual machine '%s' %s meanwhile",
                      pup_virt_domain_name(domain),
                      states & PUP_VIRT_STUCK ? "stopped" : "lost its guest agent");
    else if (!g_error_matches(late, PUP_ERROR, PUP_ERROR_TIMEOUT))
        g_propagate_error(error, g_steal_pointer(&late));
    else
        return TRUE;
    return FALSE;
}

/* Ask until the program has ended. */
static gboolean
await_exit(PupVirtDomain *domain, gint64 pid, const PupAgentCommand *command,
           PupAgentStatus *status, GError **error)
{
    g_autofree char *question = pup_agent_json_exec_status(pid);
    gint64 end_us = g_get_monotonic_time() + (gint64) command->timeout_s * G_USEC_PER_SEC;

    for (gint64 wait_ms = FIRST_ASKED_MS;; wait_ms = MIN(wait_ms * 2, LAST_ASKED_MS)) {
        g_autofree char *answer = ask(domain, question, command->cancellable, error);

        pup_agent_status_clear(status);
        if (!answer || !pup_agent_json_read_status(answer, status, error))
            return FALSE;
        if (status->exited)
            return TRUE;
        if (g_get_monotonic_time() >= end_us) {
            pup_error_set(error, PUP_ERROR_TIMEOUT, "it did not end within %u s",
                          command->timeout_s);
            return FALSE;
        }
        if (!pause_for(domain, wait_ms, command->cancellable, error))
            return FALSE;
    }
}

gboolean
pup_agent_run(PupVirtDomain *domain, const PupAgentCommand *command, int *exit_status,
              GError **error)
{
    g_autofree char *exec = pup_agent_json_exec(command->argv);
    g_autofree char *started = ask(domain, exec, command->cancellable, error);
    g_auto(PupAgentStatus) status = {0};
    gint64 pid = 0;

    if (!started || !pup_agent_json_read_pid(started, &pid, error) ||
        !await_exit(domain, pid, command, &status, error)) {
        g_prefix_error(error, "'%s' in the guest: ", command->argv[0]);
        return FALSE;
    }
    if (command->output && status.output->len > 0)
        command->output(command->data, (const char *) status.output->data,
                        status.output->len);
    if (command->output && status.truncated) {
        static const char note[] = "\n(the rest of the output was cut off)\n";
        command->output(command->data, note, strlen(note));
    }
    *exit_status = status.exit_status;
    return TRUE;
}
