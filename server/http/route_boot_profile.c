/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A boot profile is a hint, so a seat that uploads one is believed: what is checked is
 * that it is one, of a version that is there, from a PC that has a room.
 */
#include "config.h"

#include "lib/error.h"
#include "lib/ident.h"
#include "server/http/routes.h"
#include "server/image/image.h"
#include "server/log.h"

/* The manifest of @room@@version. One that cannot be read is damage here, whatever the
 * parser calls it, and no mistake of the client. */
static PupManifest *
load_manifest(PupService *service, const char *room, unsigned version, GError **error)
{
    g_autoptr(GBytes) text = NULL;
    g_autoptr(GBytes) signature = NULL;
    g_autoptr(GError) why = NULL;
    if (!pup_store_manifest(service->store, PUP_KIND_ROOM, room, version, &text,
                            &signature, error))
        return NULL;
    PupManifest *manifest =
        pup_manifest_parse(g_bytes_get_data(text, NULL), g_bytes_get_size(text), &why);
    if (!manifest)
        pup_error_set(error, PUP_ERROR_CORRUPT, "manifest of %s@%u: %s", room, version,
                      why->message);
    return manifest;
}

gboolean
pup_get_boot_profile(gpointer data, const PupRequest *req, PupResponse *res,
                     GError **error)
{
    PupService *service = data;
    unsigned version;
    if (!pup_ident_check("room", req->args[0], error) ||
        !pup_version_parse(req->args[1], &version, error))
        return FALSE;
    g_autoptr(PupManifest) manifest =
        load_manifest(service, req->args[0], version, error);
    g_autoptr(GBytes) bytes =
        manifest ? pup_version_boot_profile(service->store, service->catalog, manifest,
                                            NULL, error)
                 : NULL;
    if (!bytes)
        return FALSE;
    g_autofree char *hash = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
    res->type = "application/octet-stream";
    res->etag = g_strdup_printf("\"%s\"", hash);
    if (!pup_response_not_modified(res, req))
        res->bytes = g_steal_pointer(&bytes);
    return TRUE;
}

/* The version that ?room= and ?version= name. */
static PupManifest *
manifest_of_query(PupService *service, const PupRequest *req, GError **error)
{
    g_autofree char *room = pup_request_query(req, "room");
    g_autofree char *number = pup_request_query(req, "version");
    unsigned version;
    if (!room || !number) {
        pup_error_set(error, PUP_ERROR_INVALID, "?room= and ?version= are needed");
        return NULL;
    }
    if (!pup_ident_check("room", room, error) ||
        !pup_version_parse(number, &version, error))
        return NULL;
    return load_manifest(service, room, version, error);
}

gboolean
pup_post_boot_profile(gpointer data, const PupRequest *req, PupResponse *res,
                      GError **error)
{
    PupService *service = data;
    g_autofree char *mac = pup_mac_parse(req->args[0], error);
    g_autofree char *room = NULL;
    g_autofree char *seat = NULL;
    if (!mac || !pup_service_find_seat(service, mac, &room, &seat, error))
        return FALSE;
    g_autoptr(PupManifest) manifest = manifest_of_query(service, req, error);
    if (!manifest)
        return FALSE;
    g_autoptr(GArray) positions = pup_boot_profile_parse(
        req->body, req->body_len, pup_chunk_count(manifest->disk_bytes), error);
    if (!positions ||
        !pup_boot_profiles_put(pup_catalog_boot_profiles(service->catalog),
                               manifest->name, manifest->version, mac, positions, error))
        return FALSE;
    pup_log(LOG_INFO, "boot-profile", "mac", mac, "room", manifest->name, "version",
            PUP_LOG_NUM(manifest->version), "chunks", PUP_LOG_NUM(positions->len), NULL);
    res->status = 204;
    return TRUE;
}
