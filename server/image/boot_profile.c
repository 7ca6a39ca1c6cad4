/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A new version starts much as the one before did: most of what the guest touches lies
 * where it lay. So it inherits the boot profile by position, which counts as one
 * vote beside its own seats'. A profile is a hint: one that cannot be read is left out,
 * as a publish that fails for its sake would be the greater harm; `pupitre fsck` names
 * the damage.
 */
#include <string.h>

#include "lib/error.h"
#include "server/image/workshop.h"

GBytes *
pup_version_boot_profile(PupStore *store, PupCatalog *catalog,
                         const PupManifest *manifest, unsigned *n_seats, GError **error)
{
    PupBootProfiles *uploads = pup_catalog_boot_profiles(catalog);
    unsigned n_merged = 0;
    g_autoptr(GError) why = NULL;
    g_autoptr(GBytes) inherited = pup_store_boot_profile(store, manifest, &why);
    GBytes *bytes = pup_boot_profiles_merged(uploads, manifest->name, manifest->version,
                                             pup_chunk_count(manifest->disk_bytes),
                                             inherited, &n_merged);

    if (!bytes && !inherited) {
        g_propagate_error(error, g_steal_pointer(&why));
        return NULL;
    }
    if (n_seats)
        *n_seats = n_merged;
    return bytes ? bytes : g_steal_pointer(&inherited);
}

PupBootProfileSize
pup_workshop_boot_profile_size(const PupWorkshop *shop, const PupManifest *manifest)
{
    PupBootProfileSize size = {0};
    g_autoptr(GBytes) bytes = pup_version_boot_profile(shop->store, shop->catalog,
                                                       manifest, &size.n_seats, NULL);

    if (bytes)
        size.n_chunks = (g_bytes_get_size(bytes) - PUP_BOOT_PROFILE_HEAD_BYTES) / 4;
    size.bytes = size.n_chunks * PUP_CHUNK_BYTES;
    return size;
}

/* The positions of @parent's profile that lie on a disk of @n_chunks; NULL for none. */
static GArray *
positions_for(const PupWorkshop *shop, const PupManifest *parent, guint64 n_chunks)
{
    g_autoptr(GBytes) bytes =
        pup_version_boot_profile(shop->store, shop->catalog, parent, NULL, NULL);
    g_autoptr(GArray) positions = NULL;

    if (!bytes)
        return NULL;
    positions =
        pup_boot_profile_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                               pup_chunk_count(parent->disk_bytes), NULL);
    if (!positions)
        return NULL;
    for (guint i = positions->len; i > 0; i--)
        if (g_array_index(positions, guint32, i - 1) >= n_chunks)
            g_array_remove_index(positions, i - 1);
    return positions->len > 0 ? g_steal_pointer(&positions) : NULL;
}

gboolean
pup_workshop_inherit_boot_profile(const PupWorkshop *shop, const PupManifest *parent,
                                  PupStoreWrite *write, PupManifest *made, GError **error)
{
    g_autoptr(GArray) positions =
        positions_for(shop, parent, pup_chunk_count(made->disk_bytes));
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(PupChunkCodec) codec = NULL;
    g_autofree guint8 *plain = NULL, *encoded = NULL;

    if (!positions)
        return TRUE;
    bytes = pup_boot_profile_format((const guint32 *) positions->data, positions->len);
    plain = g_malloc0(PUP_CHUNK_BYTES);
    memcpy(plain, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    pup_name_of(plain, PUP_CHUNK_BYTES, &made->boot_profile);
    made->has_boot_profile = TRUE;
    if (pup_store_write_has(write, &made->boot_profile))
        return TRUE;
    codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);
    return pup_store_write_put(write, &made->boot_profile, encoded,
                               pup_chunk_encode(codec, plain, encoded), error);
}
