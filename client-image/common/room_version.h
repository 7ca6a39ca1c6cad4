/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * room_version - fetch one published version of a room and trust it
 *
 * Manifest and signature are fetched over HTTP (doc/http-api.md), the signature is
 * checked over the exact bytes that came, and only then are they parsed. What comes out
 * was signed by the holder of the room's key and is the room and version that was asked
 * for.
 *
 * Threads: as the PupHttp.
 */
#pragma once

#include "client-image/common/http.h"
#include "lib/manifest.h"
#include "lib/signature.h"

/* Fetch @version (1 ..) of @room from @server ("http://ADDR:PORT", no slash at its end)
 * with @http and verify it with @key. *@untrusted (may be NULL) becomes TRUE when bytes
 * came and failed their check, so that asking the same server again would be vain; FALSE
 * otherwise. New manifest, NULL on error: those of pup_http_get(); DENIED (signature,
 * other room or version), INVALID, UNSUPPORTED. */
PupManifest *pup_room_version_fetch(PupHttp *http, const char *server, const char *room,
                                    unsigned version, const PupPublicKey *key,
                                    gboolean *untrusted, GError **error);
