/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agent_json - the QEMU guest agent's protocol: commands and answers as JSON text
 *
 * See "QEMU Guest Agent Protocol Reference" (qemu-ga-ref(7)). Pure; any thread. For
 * agent.c and tests.
 */
#pragma once

#include <glib.h>

/* Commands, new strings. */
char *pup_agent_json_ping(void);
char *pup_agent_json_open(const char *path);
char *pup_agent_json_write(gint64 handle, const void *bytes, gsize len);
char *pup_agent_json_close(gint64 handle);
char *pup_agent_json_exec(const char *const *argv);
char *pup_agent_json_exec_status(gint64 pid);

/* The number that guest-file-open answers with. Errors: INVALID. */
gboolean pup_agent_json_read_handle(const char *answer, gint64 *handle, GError **error);
/* The process id that guest-exec answers with. Errors: INVALID. */
gboolean pup_agent_json_read_pid(const char *answer, gint64 *pid, GError **error);
/* The number of bytes that guest-file-write answers with. Errors: INVALID. */
gboolean pup_agent_json_read_count(const char *answer, gint64 *count, GError **error);

typedef struct {
    gboolean exited;
    int exit_status;    /* 128 + number where a signal ended it */
    GByteArray *output; /* standard output, then errors */
    gboolean truncated; /* the agent keeps 16 MiB of each */
} PupAgentStatus;

void pup_agent_status_clear(PupAgentStatus *status);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PupAgentStatus, pup_agent_status_clear)

/* The answer of guest-exec-status. Errors: INVALID. */
gboolean pup_agent_json_read_status(const char *answer, PupAgentStatus *status,
                                    GError **error);
