/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/child.h"

#include <gio/gio.h>

#include "lib/error.h"

gboolean
pup_child_run(const char *const *argv, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autofree char *words = NULL;
    g_autoptr(GSubprocess) child = g_subprocess_newv(
        argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE,
        &problem);

    if (!child) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "cannot start %s: %s", argv[0],
                      problem->message);
        return FALSE;
    }
    if (!g_subprocess_communicate_utf8(child, NULL, NULL, NULL, &words, &problem)) {
        pup_error_set(error, PUP_ERROR_IO, "%s: %s", argv[0], problem->message);
        return FALSE;
    }
    if (g_subprocess_get_successful(child))
        return TRUE;
    if (g_subprocess_get_if_signaled(child))
        pup_error_set(error, PUP_ERROR_BUSY, "%s was ended by signal %d", argv[0],
                      g_subprocess_get_term_sig(child));
    else
        pup_error_set(error, PUP_ERROR_IO, "%s failed: %s", argv[0], g_strchomp(words));
    return FALSE;
}
