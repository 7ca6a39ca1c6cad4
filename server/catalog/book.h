/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * book - all room profiles at one moment, and which PC belongs where
 *
 * For the catalog alone (catalog.h). STATE/profiles/ holds what the book needs besides
 * the admin's files: ROOM.conf, the last good text of each profile, and "seats", which
 * room each MAC belonged to last ("MAC ROOM" lines). Both are written by
 * pup_catalog_keep_profiles() and may be deleted.
 *
 * A profile counts as it is; one with an error as it was when it was good last. A MAC
 * that several profiles claim is that room's which had it before.
 */
#pragma once

#include "server/catalog/catalog_private.h"

/* A room: a file that is called like a profile. */
typedef struct {
    char *room;
    char *path;
    GBytes *text;            /* of the file; NULL where it cannot be read */
    PupRoomProfile *profile; /* that counts; NULL: there is none */
    GError *broken;          /* what is wrong with the file; NULL: it is good */
    gint64 kept_s;           /* broken: Unix time since when @profile was good */
} PupBookRoom;

/* A seat of a profile that counts. */
typedef struct {
    const PupBookRoom *room;
    const PupRoomSeat *seat;
} PupBookClaim;

typedef struct {
    PupCatalog *catalog;
    GPtrArray *rooms;   /* of PupBookRoom, sorted by name */
    GHashTable *claims; /* MAC -> GArray of PupBookClaim, by names of rooms */
    GHashTable *had;    /* of pup_book_had(); NULL: not read yet */
} PupBook;

/* Read all. Errors: that of listing the folder of the profiles. */
PupBook *pup_book_read(PupCatalog *catalog, GError **error);
void pup_book_free(PupBook *book);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupBook, pup_book_free)

/* Read one room; NOT_FOUND in @broken: it is not there. */
PupBookRoom *pup_book_room_read(PupCatalog *catalog, const char *room);
void pup_book_room_free(PupBookRoom *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupBookRoom, pup_book_room_free)

/* Which of the claims of @mac (normalised) counts; NULL where that cannot be told, and
 * where there is none. */
const PupBookClaim *pup_book_holder(PupBook *book, const char *mac);
/* MAC -> name of the room that had it last; the book's. */
GHashTable *pup_book_had(PupBook *book);

/* STATE/profiles/@file, new string. */
char *pup_book_path(PupCatalog *catalog, const char *file);
