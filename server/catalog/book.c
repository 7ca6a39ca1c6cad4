/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/catalog/book.h"

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"

#include <string.h>
#include <sys/stat.h>

#define SEATS_FILE "seats"
#define SEATS_MAX_BYTES (16u * 1024u * 1024u)

char *
pup_book_path(PupCatalog *catalog, const char *file)
{
    return g_build_filename(catalog->profiles_dir, file, NULL);
}

void
pup_book_room_free(PupBookRoom *entry)
{
    if (!entry)
        return;
    g_free(entry->room);
    g_free(entry->path);
    g_clear_pointer(&entry->text, g_bytes_unref);
    pup_room_profile_free(entry->profile);
    g_clear_error(&entry->broken);
    g_free(entry);
}

static PupRoomProfile *
parse(const char *path, GBytes *text, GError **error)
{
    return text ? pup_room_profile_parse(path, g_bytes_get_data(text, NULL),
                                         g_bytes_get_size(text), error)
                : NULL;
}

/* What is not there is no room; a link to what is not there is a mistake. */
static void
name_missing(PupBookRoom *entry)
{
    g_autofree char *target = g_file_read_link(entry->path, NULL);
    if (!g_error_matches(entry->broken, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        return;
    g_clear_error(&entry->broken);
    if (target)
        pup_error_set(&entry->broken, PUP_ERROR_INVALID,
                      "'%s' is a link to '%s', which is not there", entry->path, target);
    else
        pup_error_set(&entry->broken, PUP_ERROR_NOT_FOUND,
                      "there is no room '%s' (no file '%s')", entry->room, entry->path);
}

/* In the place of the profile that has an error: the last good one. */
static void
take_kept(PupCatalog *catalog, PupBookRoom *entry)
{
    g_autofree char *file = g_strconcat(entry->room, PUP_ROOM_SUFFIX, NULL);
    g_autofree char *path = pup_book_path(catalog, file);
    g_autoptr(GBytes) text = pup_file_read(path, PUP_ROOM_PROFILE_MAX_BYTES, NULL);
    struct stat st;
    entry->profile = parse(path, text, NULL);
    if (entry->profile && stat(path, &st) == 0)
        entry->kept_s = st.st_mtime;
}

PupBookRoom *
pup_book_room_read(PupCatalog *catalog, const char *room)
{
    PupBookRoom *entry = g_new0(PupBookRoom, 1);
    entry->room = g_strdup(room);
    entry->path = pup_catalog_room_path(catalog, room);
    entry->text = pup_file_read(entry->path, PUP_ROOM_PROFILE_MAX_BYTES, &entry->broken);
    if (entry->text)
        entry->profile = parse(entry->path, entry->text, &entry->broken);
    else
        name_missing(entry);
    if (entry->broken && !g_error_matches(entry->broken, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        take_kept(catalog, entry);
    return entry;
}

static void
free_room(gpointer entry)
{
    pup_book_room_free(entry);
}

static void
free_claims(gpointer claims)
{
    g_array_unref(claims);
}

static void
take_claims(PupBook *book, const PupBookRoom *entry)
{
    for (unsigned i = 0; entry->profile && i < entry->profile->n_seats; i++) {
        PupBookClaim claim = {entry, &entry->profile->seats[i]};
        GArray *claims = g_hash_table_lookup(book->claims, claim.seat->mac);
        if (!claims) {
            claims = g_array_new(FALSE, FALSE, sizeof claim);
            g_hash_table_insert(book->claims, claim.seat->mac, claims);
        }
        g_array_append_val(claims, claim);
    }
}

PupBook *
pup_book_read(PupCatalog *catalog, GError **error)
{
    g_auto(GStrv) names = pup_catalog_rooms(catalog, error);
    if (!names)
        return NULL;
    PupBook *book = g_new0(PupBook, 1);
    book->catalog = catalog;
    book->rooms = g_ptr_array_new_with_free_func(free_room);
    book->claims = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_claims);
    for (char **name = names; *name; name++) {
        PupBookRoom *entry = pup_book_room_read(catalog, *name);
        if (g_error_matches(entry->broken, PUP_ERROR, PUP_ERROR_NOT_FOUND)) {
            pup_book_room_free(entry); /* removed while we look */
            continue;
        }
        g_ptr_array_add(book->rooms, entry);
        take_claims(book, entry);
    }
    return book;
}

void
pup_book_free(PupBook *book)
{
    if (!book)
        return;
    g_hash_table_unref(book->claims);
    g_ptr_array_unref(book->rooms);
    g_clear_pointer(&book->had, g_hash_table_unref);
    g_free(book);
}

/* "MAC ROOM" lines; one that cannot be read is passed over. */
static GHashTable *
read_had(PupCatalog *catalog)
{
    g_autofree char *path = pup_book_path(catalog, SEATS_FILE);
    g_autoptr(GBytes) bytes = pup_file_read(path, SEATS_MAX_BYTES, NULL);
    g_autofree char *text =
        bytes ? g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)) : NULL;
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    GHashTable *had = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", 2);
        if (g_strv_length(words) == 2)
            g_hash_table_insert(had, g_strdup(words[0]), g_strdup(words[1]));
    }
    return had;
}

GHashTable *
pup_book_had(PupBook *book)
{
    if (!book->had)
        book->had = read_had(book->catalog);
    return book->had;
}

const PupBookClaim *
pup_book_holder(PupBook *book, const char *mac)
{
    const GArray *claims = g_hash_table_lookup(book->claims, mac);
    if (!claims)
        return NULL;
    if (claims->len == 1)
        return &g_array_index(claims, PupBookClaim, 0);
    const char *room = g_hash_table_lookup(pup_book_had(book), mac);
    for (guint i = 0; room && i < claims->len; i++) {
        const PupBookClaim *claim = &g_array_index(claims, PupBookClaim, i);
        if (strcmp(claim->room->room, room) == 0)
            return claim;
    }
    return NULL;
}
