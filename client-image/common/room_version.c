/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/common/room_version.h"

#include "lib/error.h"

/* The part of the check that works on bytes alone. */
static PupManifest *
trust(GBytes *text, GBytes *sig, const char *room, unsigned version,
      const PupPublicKey *key, GError **error)
{
    g_autoptr(PupManifest) manifest = NULL;
    gsize text_len, sig_len;
    const void *text_data = g_bytes_get_data(text, &text_len);
    const char *sig_data = g_bytes_get_data(sig, &sig_len);

    if (!pup_verify(key, text_data, text_len, sig_data ? sig_data : "", sig_len, error))
        return NULL;
    manifest = pup_manifest_parse(text_data, text_len, error);
    if (!manifest)
        return NULL;
    if (manifest->kind != PUP_KIND_ROOM || strcmp(manifest->name, room) != 0 ||
        manifest->version != version) {
        g_autofree char *label = pup_manifest_label(manifest);
        pup_error_set(error, PUP_ERROR_DENIED, "it is the manifest of %s", label);
        return NULL;
    }
    return g_steal_pointer(&manifest);
}

PupManifest *
pup_room_version_fetch(PupHttp *http, const char *server, const char *room,
                       unsigned version, const PupPublicKey *key, gboolean *untrusted,
                       GError **error)
{
    g_autofree char *url =
        g_strdup_printf("%s/v1/rooms/%s/versions/%u/manifest", server, room, version);
    g_autofree char *sig_url = g_strconcat(url, ".sig", NULL);
    g_autoptr(GBytes) text = NULL;
    g_autoptr(GBytes) sig = NULL;
    PupManifest *manifest;

    if (untrusted)
        *untrusted = FALSE;
    text = pup_http_get(http, url, PUP_MANIFEST_MAX_BYTES, error);
    if (!text)
        return NULL;
    sig = pup_http_get(http, sig_url, PUP_SIGNATURE_TEXT_MAX, error);
    if (!sig)
        return NULL;
    manifest = trust(text, sig, room, version, key, error);
    if (!manifest) {
        g_prefix_error(error, "manifest of %s@%u from %s: ", room, version, server);
        if (untrusted)
            *untrusted = TRUE;
    }
    return manifest;
}
