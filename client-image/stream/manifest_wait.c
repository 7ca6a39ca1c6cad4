/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/manifest_wait.h"

#include "client-image/common/room_version.h"
#include "lib/error.h"

#define DELAY_FIRST_MS 100u
#define DELAY_MAX_MS 2000u

PupManifest *
pup_manifest_try(const PupManifestWait *wait, PupHttp *http, gboolean *is_final,
                 GError **error)
{
    *is_final = TRUE;
    for (const char *const *server = wait->servers; *server; server++) {
        PupManifest *manifest;
        gboolean untrusted;
        g_clear_error(error);
        manifest = pup_room_version_fetch(http, *server, wait->room, wait->version,
                                          wait->key, &untrusted, error);
        if (manifest)
            return manifest;
        if (untrusted)
            pup_report_corrupt(wait->report, (*error)->message);
        else if (!g_error_matches(*error, PUP_ERROR, PUP_ERROR_NOT_FOUND))
            *is_final = FALSE;
    }
    return NULL;
}

PupManifest *
pup_manifest_wait(const PupManifestWait *wait, GError **error)
{
    g_autoptr(PupHttp) http =
        pup_http_new(PUP_HTTP_CONNECT_TIMEOUT_MS, PUP_HTTP_STALL_TIMEOUT_MS);
    g_autoptr(GError) failure = NULL;
    guint64 delay_ms = DELAY_FIRST_MS;
    gboolean is_final, waiting = FALSE;
    PupManifest *manifest;

    while (!(manifest = pup_manifest_try(wait, http, &is_final, &failure)) && !is_final) {
        if (!waiting)
            pup_report_wait(wait->report, failure->message);
        waiting = TRUE;
        g_usleep(delay_ms * 1000);
        delay_ms = MIN(2 * delay_ms, DELAY_MAX_MS);
    }
    if (waiting)
        pup_report_resume(wait->report);
    if (!manifest)
        g_propagate_error(error, g_steal_pointer(&failure));
    return manifest;
}
