/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The room profiles. They are the admin's files, who may edit them at any time and get
 * them wrong: one that cannot be read counts for its PCs as it was when it was good last
 * (book.h). A MAC in two rooms is refused when we write; by hand it can be done, and is
 * the room's that had it before.
 */
#include "config.h"
#include "server/catalog/book.h"

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "lib/nearest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

char *
pup_catalog_room_path(PupCatalog *catalog, const char *room)
{
    return g_strdup_printf("%s/%s" PUP_ROOM_SUFFIX, catalog->rooms_dir, room);
}

static int
compare_strings(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

char *
pup_catalog_room_of_file(const char *file)
{
    if (!g_str_has_suffix(file, PUP_ROOM_SUFFIX))
        return NULL;
    g_autofree char *room = g_strndup(file, strlen(file) - strlen(PUP_ROOM_SUFFIX));
    return pup_ident_check("room", room, NULL) ? g_steal_pointer(&room) : NULL;
}

char **
pup_catalog_rooms(PupCatalog *catalog, GError **error)
{
    g_auto(GStrv) files = pup_file_list(catalog->rooms_dir, error);
    GPtrArray *rooms;

    if (!files)
        return NULL;
    rooms = g_ptr_array_new();
    for (char **file = files; *file; file++) {
        char *room = pup_catalog_room_of_file(*file);
        if (room)
            g_ptr_array_add(rooms, room);
    }
    g_ptr_array_sort(rooms, compare_strings);
    g_ptr_array_add(rooms, NULL);
    return (char **) g_ptr_array_free(rooms, FALSE);
}

/* @path is where its profile would be. One that was kept is a room that lost it, and no
 * misspelt name. */
static void
set_no_room(PupCatalog *catalog, const char *room, const char *path, GError **error)
{
    g_auto(GStrv) rooms = pup_catalog_rooms(catalog, NULL);
    g_autofree char *hint = pup_nearest_hint(room, rooms);
    g_autofree char *file = g_strconcat(room, PUP_ROOM_SUFFIX, NULL);
    g_autofree char *kept = pup_book_path(catalog, file);

    if (access(kept, F_OK) == 0)
        pup_error_set(error, PUP_ERROR_NOT_FOUND,
                      "there is no room '%s' (no file '%s') any more: `cp %s %s` brings "
                      "its profile back",
                      room, path, kept, path);
    else
        pup_error_set(error, PUP_ERROR_NOT_FOUND,
                      "there is no room '%s' (no file '%s')%s", room, path, hint);
}

gboolean
pup_catalog_has_room(PupCatalog *catalog, const char *room, GError **error)
{
    g_autofree char *path = pup_catalog_room_path(catalog, room);

    if (access(path, F_OK) == 0 || errno != ENOENT)
        return TRUE;
    set_no_room(catalog, room, path, error);
    return FALSE;
}

PupRoomProfile *
pup_catalog_room(PupCatalog *catalog, const char *room, GError **error)
{
    if (!pup_ident_check("room", room, error))
        return NULL;
    g_autoptr(PupBookRoom) entry = pup_book_room_read(catalog, room);
    if (!entry->broken)
        return g_steal_pointer(&entry->profile);
    if (g_error_matches(entry->broken, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        set_no_room(catalog, room, entry->path, error);
    else
        g_propagate_error(error, g_steal_pointer(&entry->broken));
    return NULL;
}

static const PupRoomSeat *
seat_with_mac(const PupRoomProfile *profile, const char *mac)
{
    for (unsigned i = 0; i < profile->n_seats; i++)
        if (strcmp(profile->seats[i].mac, mac) == 0)
            return &profile->seats[i];
    return NULL;
}

/* No profile that counts has @mac: why one that cannot be read may be its room's. */
static void
set_unknown(GError **error, const PupBook *book, const char *mac)
{
    for (guint i = 0; i < book->rooms->len; i++) {
        const PupBookRoom *entry = g_ptr_array_index(book->rooms, i);
        if (entry->profile)
            continue;
        if (error)
            *error = g_error_copy(entry->broken);
        return;
    }
    pup_error_set(error, PUP_ERROR_NOT_FOUND, "no room has a seat with the MAC %s", mac);
}

static void
set_doubled(GError **error, const GArray *claims, const char *mac)
{
    const PupBookClaim *one = &g_array_index(claims, PupBookClaim, 0);
    const PupBookClaim *two = &g_array_index(claims, PupBookClaim, 1);
    pup_error_set(error, PUP_ERROR_INVALID,
                  "%s is seat '%s' of room '%s' and seat '%s' of room '%s', and which of "
                  "them had it first is not known: take it out of one of them",
                  mac, one->seat->name, one->room->room, two->seat->name,
                  two->room->room);
}

gboolean
pup_catalog_find_seat(PupCatalog *catalog, const char *mac, char **room, char **seat,
                      GError **error)
{
    g_autofree char *normal = pup_mac_parse(mac, error);
    g_autoptr(PupBook) book = normal ? pup_book_read(catalog, error) : NULL;
    if (!book)
        return FALSE;
    const GArray *claims = g_hash_table_lookup(book->claims, normal);
    const PupBookClaim *holder = pup_book_holder(book, normal);
    if (holder) {
        *room = g_strdup(holder->room->room);
        *seat = g_strdup(holder->seat->name);
    } else if (!claims) {
        set_unknown(error, book, normal);
    } else {
        set_doubled(error, claims, normal);
    }
    return holder != NULL;
}

static gboolean
check_against(PupCatalog *catalog, const char *other, const char *room,
              const PupRoomProfile *profile, GError **error)
{
    g_autoptr(PupRoomProfile) theirs = pup_catalog_room_in_force(catalog, other, NULL);
    for (unsigned i = 0; theirs && i < profile->n_seats; i++) {
        const PupRoomSeat *ours = &profile->seats[i];
        const PupRoomSeat *seat = seat_with_mac(theirs, ours->mac);
        if (!seat)
            continue;
        pup_error_set(error, PUP_ERROR_EXISTS,
                      "seat '%s' of room '%s': %s is seat '%s' of room '%s' already",
                      ours->name, room, ours->mac, seat->name, other);
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_macs(PupCatalog *catalog, const char *room, const PupRoomProfile *profile,
           GError **error)
{
    g_auto(GStrv) rooms = pup_catalog_rooms(catalog, error);
    if (!rooms)
        return FALSE;
    for (char **other = rooms; *other; other++)
        if (strcmp(*other, room) != 0 &&
            !check_against(catalog, *other, room, profile, error))
            return FALSE;
    return TRUE;
}

static gboolean
write_locked(PupCatalog *catalog, const char *room, const PupRoomProfile *profile,
             gboolean create, GError **error)
{
    g_autofree char *path = pup_catalog_room_path(catalog, room);
    g_autofree char *text = pup_room_profile_format(profile);
    if (create && access(path, F_OK) == 0) {
        pup_error_set(error, PUP_ERROR_EXISTS, "there is a room '%s' ('%s')", room, path);
        return FALSE;
    }
    return check_macs(catalog, room, profile, error) &&
           pup_file_replace(path, text, strlen(text), 0644, error);
}

/* The folder's own lock: of two that add rooms at once, the second sees the first's. */
int
pup_catalog_lock_rooms(PupCatalog *catalog, GError **error)
{
    if (!pup_file_make_dir(catalog->rooms_dir, error))
        return -1;
    int fd = open(catalog->rooms_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = -1;
    if (fd >= 0)
        do
            result = flock(fd, LOCK_EX);
        while (result < 0 && errno == EINTR);
    if (result == 0)
        return fd;
    pup_error_set_errno(error, errno, "cannot lock '%s'", catalog->rooms_dir);
    if (fd >= 0)
        close(fd);
    return -1;
}

gboolean
pup_catalog_room_write(PupCatalog *catalog, const char *room,
                       const PupRoomProfile *profile, gboolean create, GError **error)
{
    if (!pup_ident_check("room", room, error))
        return FALSE;
    int lock = pup_catalog_lock_rooms(catalog, error);
    if (lock < 0)
        return FALSE;
    gboolean ok = write_locked(catalog, room, profile, create, error);
    close(lock);
    if (ok)
        pup_catalog_keep_profiles(catalog, NULL); /* else the daemon does, soon */
    return ok;
}

/* A room that is made later under the same name begins without them. */
static gboolean
forget_wishes(PupCatalog *catalog, const char *room, GError **error)
{
    static const char *const tables[] = {"warm", "take", "schedule", "schedule_run"};
    gboolean ok = TRUE;
    g_mutex_lock(&catalog->lock);
    for (unsigned i = 0; ok && i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *sql =
            g_strdup_printf("DELETE FROM %s WHERE room = ?1", tables[i]);
        ok = pup_database_run(catalog->db, error, sql, "s", room);
    }
    g_mutex_unlock(&catalog->lock);
    return ok;
}

gboolean
pup_catalog_room_remove(PupCatalog *catalog, const char *room, GError **error)
{
    if (!pup_ident_check("room", room, error))
        return FALSE;
    g_autofree char *path = pup_catalog_room_path(catalog, room);
    if (unlink(path) == 0) {
        pup_catalog_forget_profile(catalog, room);
        return pup_file_sync_dir(catalog->rooms_dir, error) &&
               forget_wishes(catalog, room, error);
    }
    if (errno != ENOENT) {
        pup_error_set_errno(error, errno, "cannot remove '%s'", path);
        return FALSE;
    }
    /* What is left of a room whose profile was removed by hand goes, too. */
    pup_catalog_forget_profile(catalog, room);
    forget_wishes(catalog, room, NULL);
    set_no_room(catalog, room, path, error);
    return FALSE;
}
