/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * manifest_wait - the manifest, however long the servers take
 *
 * Threads: any one.
 */
#pragma once

#include "client-image/common/http.h"
#include "client-image/stream/report.h"
#include "lib/manifest.h"
#include "lib/signature.h"

typedef struct {
    const char *const *servers; /* URLs, NULL-terminated, at least one */
    const char *room;
    unsigned version;
    const PupPublicKey *key;
    PupReport *report;
} PupManifestWait;

/* Fetch and verify the manifest from the first of the servers that can give it, trying
 * them in turn for ever while one of them may still come to. Returns a new manifest; NULL
 * on error, only when every server gave a final answer: NOT_FOUND; DENIED, INVALID,
 * UNSUPPORTED (what it gave cannot be trusted or read). */
PupManifest *pup_manifest_wait(const PupManifestWait *wait, GError **error);

/* The same with each server asked once, with @http. NULL on error, also NET and BUSY;
 * *@is_final then tells whether asking again would be vain. */
PupManifest *pup_manifest_try(const PupManifestWait *wait, PupHttp *http,
                              gboolean *is_final, GError **error);
