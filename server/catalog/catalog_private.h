/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * catalog_private - the catalog's inside, for its own files
 */
#pragma once

#include "server/catalog/catalog.h"
#include "server/catalog/database.h"

/* Behind a room's name, the name of its profile's file. */
#define PUP_ROOM_SUFFIX ".conf"

struct PupCatalog {
    char *rooms_dir, *profiles_dir, *db_path;
    PupBootProfiles *boot_profiles;
    GMutex lock; /* of db: a transaction is one thread's */
    PupDatabase *db;
    GHashTable *starts; /* MAC -> digest of what pup_catalog_starts() kept last; locked */
    GMutex peerings_lock;
    GHashTable *peerings; /* room -> what peering.c read of its profile */
    GMutex profiles_lock;
    GHashTable *gone_rooms; /* that had a seat and were not there at the last look */
};

/* Keep other writers of room profiles out: a descriptor to close(); -1 on error. */
int pup_catalog_lock_rooms(PupCatalog *catalog, GError **error);
/* The room's name in the file name "lab-101.conf", or NULL. New string. */
char *pup_catalog_room_of_file(const char *file);

/* Forget what was kept of the profile of @room, which is removed. */
void pup_catalog_forget_profile(PupCatalog *catalog, const char *room);

/* Free an entry of @peerings. */
void pup_catalog_free_peering(gpointer data);

/* Fill in @seat's numbers from the @text that pup_catalog_set_stats() wrote; numbers that
 * cannot be read are none. */
void pup_catalog_read_stats(PupSeat *seat, const char *text);

/* A write transaction, which ends with what begins with @ok. */
gboolean pup_catalog_begin(PupCatalog *catalog, GError **error);
gboolean pup_catalog_end(PupCatalog *catalog, gboolean ok, GError **error);

/* For boots.c, with the lock held: the row of @mac, NULL in *@seat when there is none;
 * whether @stage at @now_ms begins a boot; begin one. */
gboolean pup_seats_read(PupCatalog *catalog, const char *mac, PupSeat **seat,
                        GError **error);
gboolean pup_seats_begins_boot(const PupSeat *seat, PupStage stage, gint64 now_ms);
gboolean pup_seats_begin_boot(PupCatalog *catalog, const char *mac, gint64 now_ms,
                              GError **error);

/* With the lock held. The boot of @mac's row goes into the past; what is known of starts
 * and past boots, into each PupSeat of @seats, by MAC. */
gboolean pup_boots_archive(PupCatalog *catalog, const char *mac, GError **error);
gboolean pup_boots_read(PupCatalog *catalog, GHashTable *seats, GError **error);

/* With the lock held: when the server was there. */
gboolean pup_server_life_read(PupCatalog *catalog, PupServerLife *life, GError **error);
