/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * catalog_private - the catalog's inside, for its own files
 */
#pragma once

#include "server/catalog/catalog.h"
#include "server/catalog/database.h"

struct PupCatalog {
    char *rooms_dir;
    PupBootProfiles *boot_profiles;
    GMutex lock; /* of db: a transaction is one thread's */
    sqlite3 *db;
    GMutex peerings_lock;
    GHashTable *peerings; /* room -> what peering.c read of its profile */
};

/* Keep other writers of room profiles out: a descriptor to close(); -1 on error. */
int pup_catalog_lock_rooms(PupCatalog *catalog, GError **error);

/* Free an entry of @peerings. */
void pup_catalog_free_peering(gpointer data);

/* Fill in @seat's numbers from the @text that pup_catalog_set_stats() wrote; numbers that
 * cannot be read are none. */
void pup_catalog_read_stats(PupSeat *seat, const char *text);
