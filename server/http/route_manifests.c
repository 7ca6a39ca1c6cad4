/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <string.h>
#include "lib/error.h"
#include "lib/ident.h"
#include "server/http/routes.h"

/* What is on trial in @room; null: nothing. New reference. */
static json_t *
canary_json(const PupService *service, const char *room)
{
    PupCanary canary = {0};
    pup_store_canary(service->store, room, &canary, NULL);
    return canary.version == 0 ? json_null()
                               : json_pack("{s:i,s:s}", "version", (int) canary.version,
                                           "mac", canary.seat);
}

gboolean
pup_get_room(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    PupService *service = data;
    const char *room = req->args[0];
    if (!pup_ident_check("room", room, error))
        return FALSE;
    unsigned version = pup_store_current(service->store, PUP_KIND_ROOM, room, error);
    if (!version)
        return FALSE;
    pup_response_json(res,
                      json_pack("{s:s,s:i,s:o}", "room", room, "version", (int) version,
                                "canary", canary_json(service, room)));
    return TRUE;
}

/* A version never changes; yet a room that was removed and made anew counts from 1 again,
 * so caches must ask whether what they hold is still that. */
static gboolean
get_part(PupService *service, const PupRequest *req, PupResponse *res, gboolean sig,
         GError **error)
{
    const char *room = req->args[0];
    unsigned version;
    if (!pup_ident_check("room", room, error) ||
        !pup_version_parse(req->args[1], &version, error))
        return FALSE;
    g_autoptr(GBytes) manifest = NULL;
    g_autoptr(GBytes) signature = NULL;
    if (!pup_store_manifest(service->store, PUP_KIND_ROOM, room, version, &manifest,
                            &signature, error))
        return FALSE;
    res->type = sig ? "text/plain" : "application/json";
    GBytes *bytes = sig ? signature : manifest;
    g_autofree char *hash = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
    res->etag = g_strdup_printf("\"%s\"", hash);
    if (!pup_response_not_modified(res, req))
        res->bytes = g_bytes_ref(bytes);
    return TRUE;
}

gboolean
pup_get_manifest(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    return get_part(data, req, res, FALSE, error);
}

gboolean
pup_get_manifest_sig(gpointer data, const PupRequest *req, PupResponse *res,
                     GError **error)
{
    return get_part(data, req, res, TRUE, error);
}
