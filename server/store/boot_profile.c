/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/store/store.h"

#include "lib/boot_profile.h"
#include "lib/error.h"

GBytes *
pup_store_boot_profile(PupStore *store, const PupManifest *manifest, GError **error)
{
    g_autofree char *label = pup_manifest_label(manifest);
    if (!manifest->has_boot_profile) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "%s has no boot profile yet", label);
        return NULL;
    }
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autoptr(GArray) positions = NULL;
    g_autoptr(GError) why = NULL;
    if (pup_store_get(store, &manifest->boot_profile, plain, &why))
        positions = pup_boot_profile_parse(plain, PUP_CHUNK_BYTES,
                                           pup_chunk_count(manifest->disk_bytes), &why);
    if (positions)
        return pup_boot_profile_format((const guint32 *) positions->data, positions->len);
    pup_error_set(error, PUP_ERROR_CORRUPT, "boot profile of %s: %s", label,
                  why->message);
    return NULL;
}
