/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each poll of each seat asks of its room. Profile and database are read anew after
 * two seconds at the earliest: a thousand polls a second must not parse a thousand files.
 * A profile that an edit broke counts as it was before: the admin's slip must not send a
 * whole room to the server.
 */
#include "config.h"
#include "server/catalog/catalog_private.h"

#include "lib/error.h"
#include "lib/ident.h"

#include <string.h>

#define FRESH_MS 2000
/* In a second, of one Mbit/s. */
#define BYTES_OF_MBIT (1000u * 1000u / 8u)

typedef struct {
    PupPeering peering;
    GHashTable *macs; /* of the room's seats */
    gint64 read_ms;
} Entry;

void
pup_catalog_free_peering(gpointer data)
{
    Entry *entry = data;
    g_hash_table_unref(entry->macs);
    g_free(entry);
}

static void
take_macs(Entry *entry, const PupRoomProfile *profile)
{
    g_hash_table_remove_all(entry->macs);
    for (unsigned i = 0; i < profile->n_seats; i++)
        g_hash_table_add(entry->macs, g_strdup(profile->seats[i].mac));
}

static PupPeering
peering_of(const char *room, const PupRoomProfile *profile)
{
    PupPeering peering = {.peers = profile->peers};
    const char *name = profile->neighbourhood ? profile->neighbourhood : room;
    g_strlcpy(peering.neighbourhood, name, sizeof peering.neighbourhood);
    peering.uplink_kib_s =
        (unsigned) ((guint64) profile->uplink_mbit_s * BYTES_OF_MBIT / 1024);
    return peering;
}

static gboolean
refresh(PupCatalog *catalog, const char *room, Entry **entry, gint64 now_ms,
        GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(PupRoomProfile) profile = pup_catalog_room(catalog, room, &why);
    if (!profile && !*entry) { /* what was good before we were started */
        g_clear_error(&why);
        profile = pup_catalog_room_in_force(catalog, room, &why);
    }
    if (!profile && (!*entry || g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND))) {
        g_hash_table_remove(catalog->peerings, room);
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    gint64 warm_at_ms = *entry ? (*entry)->peering.warm_at_ms : 0;
    if (!*entry) {
        *entry = g_new0(Entry, 1);
        (*entry)->macs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(catalog->peerings, g_strdup(room), *entry);
    }
    if (profile) {
        (*entry)->peering = peering_of(room, profile);
        take_macs(*entry, profile);
    }
    /* What cannot be read stays what it was: a busy database calls off no warm-up. */
    pup_catalog_warm_at(catalog, room, now_ms, &warm_at_ms, NULL);
    (*entry)->peering.warm_at_ms = warm_at_ms;
    (*entry)->read_ms = now_ms;
    return TRUE;
}

gboolean
pup_catalog_peering(PupCatalog *catalog, const char *room, const char *mac, gint64 now_ms,
                    PupPeering *peering, GError **error)
{
    g_mutex_lock(&catalog->peerings_lock);
    Entry *entry = g_hash_table_lookup(catalog->peerings, room);
    gboolean ok = entry && ABS(now_ms - entry->read_ms) < FRESH_MS;
    if (!ok)
        ok = refresh(catalog, room, &entry, now_ms, error);
    if (ok) {
        *peering = entry->peering;
        peering->is_seat = g_hash_table_contains(entry->macs, mac);
    }
    g_mutex_unlock(&catalog->peerings_lock);
    return ok;
}
