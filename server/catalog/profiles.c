/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What becomes of profiles that an admin got wrong, or wrote twice. Nothing here is
 * needed to boot a PC whose profile is good: STATE/profiles/ only says what was before.
 *
 * A copied profile claims all PCs of the first; the room that had them keeps them, so
 * that the copy harms nobody. A MAC moves to another room when the room that had it has a
 * good profile without it, or has been gone for two looks: an editor that removes a file
 * before it writes it anew gives away nothing.
 */
#include "config.h"
#include "server/catalog/book.h"

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "lib/text.h"

#include <string.h>

#define SEATS_FILE "seats"
/* Seats that a message names; of more it says how many. */
#define NAMED_MAX 3u

PupRoomProfile *
pup_catalog_room_in_force(PupCatalog *catalog, const char *room, GError **error)
{
    if (!pup_ident_check("room", room, error))
        return NULL;
    g_autoptr(PupBookRoom) entry = pup_book_room_read(catalog, room);
    if (!entry->profile)
        g_propagate_error(error, g_steal_pointer(&entry->broken));
    return g_steal_pointer(&entry->profile);
}

/* ---- keeping ------------------------------------------------------------------------
 */

static gboolean
keep_text(PupCatalog *catalog, const PupBookRoom *entry, GError **error)
{
    g_autofree char *file = g_strconcat(entry->room, PUP_ROOM_SUFFIX, NULL);
    g_autofree char *path = pup_book_path(catalog, file);
    g_autoptr(GBytes) kept = pup_file_read(path, PUP_ROOM_PROFILE_MAX_BYTES, NULL);
    if (entry->broken || (kept && g_bytes_equal(kept, entry->text)))
        return TRUE;
    return pup_file_replace(path, g_bytes_get_data(entry->text, NULL),
                            g_bytes_get_size(entry->text), 0644, error);
}

static const PupBookRoom *
room_of(const PupBook *book, const char *room)
{
    for (guint i = 0; i < book->rooms->len; i++) {
        const PupBookRoom *entry = g_ptr_array_index(book->rooms, i);
        if (strcmp(entry->room, room) == 0)
            return entry;
    }
    return NULL;
}

/* TRUE when @room, which had a seat, has let go of it. */
static gboolean
has_let_go(PupCatalog *catalog, const PupBook *book, const char *room, GHashTable *gone)
{
    const PupBookRoom *entry = room_of(book, room);
    if (entry)
        return entry->broken == NULL;
    g_hash_table_add(gone, g_strdup(room));
    return g_hash_table_contains(catalog->gone_rooms, room);
}

static void
note_holders(PupBook *book)
{
    PupCatalog *catalog = book->catalog;
    GHashTable *had = pup_book_had(book);
    GHashTable *gone = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GHashTableIter iter;
    gpointer mac, claims;
    g_hash_table_iter_init(&iter, book->claims);
    while (g_hash_table_iter_next(&iter, &mac, &claims)) {
        const char *before = g_hash_table_lookup(had, mac);
        const char *now = g_array_index((GArray *) claims, PupBookClaim, 0).room->room;
        if (((GArray *) claims)->len > 1 || g_strcmp0(before, now) == 0)
            continue;
        if (!before || has_let_go(catalog, book, before, gone))
            g_hash_table_insert(had, g_strdup(mac), g_strdup(now));
    }
    g_hash_table_unref(catalog->gone_rooms);
    catalog->gone_rooms = gone;
}

static int
compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

static gboolean
write_had(PupCatalog *catalog, GHashTable *had, GError **error)
{
    g_autofree char *path = pup_book_path(catalog, SEATS_FILE);
    g_autoptr(GList) macs = g_list_sort(g_hash_table_get_keys(had), compare_texts);
    g_autoptr(GString) text = g_string_new(NULL);
    for (GList *mac = macs; mac; mac = mac->next)
        g_string_append_printf(text, "%s %s\n", (char *) mac->data,
                               (char *) g_hash_table_lookup(had, mac->data));
    g_autoptr(GBytes) before = pup_file_read(path, text->len + 1, NULL);
    g_autoptr(GBytes) now = g_bytes_new_static(text->str, text->len);
    if (before && g_bytes_equal(before, now))
        return TRUE;
    return pup_file_replace(path, text->str, text->len, 0644, error);
}

static gboolean
keep(PupCatalog *catalog, PupBook *book, GError **error)
{
    if (book->rooms->len == 0)
        return TRUE;
    if (!pup_file_make_dir(catalog->profiles_dir, error))
        return FALSE;
    for (guint i = 0; i < book->rooms->len; i++)
        if (!keep_text(catalog, g_ptr_array_index(book->rooms, i), error))
            return FALSE;
    note_holders(book);
    return write_had(catalog, pup_book_had(book), error);
}

gboolean
pup_catalog_keep_profiles(PupCatalog *catalog, GError **error)
{
    g_mutex_lock(&catalog->profiles_lock);
    g_autoptr(PupBook) book = pup_book_read(catalog, error);
    gboolean ok = book && keep(catalog, book, error);
    g_mutex_unlock(&catalog->profiles_lock);
    return ok;
}

/* ---- saying what is wrong -----------------------------------------------------------
 */

void
pup_profile_problem_free(PupProfileProblem *problem)
{
    g_free(problem->room);
    g_free(problem->other);
    g_free(problem->path);
    g_free(problem->problem);
    g_free(problem->mend);
    g_free(problem);
}

static void
free_problem(gpointer problem)
{
    pup_profile_problem_free(problem);
}

/* Takes over @text and @mend. */
static PupProfileProblem *
add_problem(GPtrArray *problems, const char *room, const char *path, char *text,
            char *mend)
{
    PupProfileProblem *problem = g_new0(PupProfileProblem, 1);
    problem->room = g_strdup(room);
    problem->path = g_strdup(path);
    problem->problem = text;
    problem->mend = mend;
    g_ptr_array_add(problems, problem);
    return problem;
}

static void
add_broken(GPtrArray *problems, const PupBookRoom *entry)
{
    g_autoptr(GDateTime) kept = g_date_time_new_from_unix_local(entry->kept_s);
    g_autofree char *when = kept ? g_date_time_format(kept, "%F %H:%M") : NULL;
    char *mend = entry->profile
                     ? g_strdup_printf("mend it with `pupitre room edit %s`; until then "
                                       "its PCs go by what it said since %s",
                                       entry->room, when ? when : "before")
                     : g_strdup_printf("mend it with `pupitre room edit %s`; until then "
                                       "no PC of it can start",
                                       entry->room);
    if (!entry->text) {
        g_free(mend);
        mend = g_strdup_printf(
            "put a profile that can be read in the place of '%s'%s", entry->path,
            entry->profile ? "; until then its PCs go by the last one" : "");
    }
    add_problem(problems, entry->room, entry->path, g_strdup(entry->broken->message),
                mend);
}

/* Seats of one room that another one has, or that both claim. */
typedef struct {
    const PupBookRoom *room, *other;
    gboolean held; /* @other has them */
    GString *names;
    unsigned n;
} Doubles;

static void
free_doubles(gpointer data)
{
    Doubles *doubles = data;
    g_string_free(doubles->names, TRUE);
    g_free(doubles);
}

static void
add_double(GPtrArray *all, const PupBookClaim *claim, const PupBookRoom *other,
           gboolean held)
{
    Doubles *doubles = NULL;
    for (guint i = 0; !doubles && i < all->len; i++) {
        Doubles *known = g_ptr_array_index(all, i);
        if (known->room == claim->room && known->other == other && known->held == held)
            doubles = known;
    }
    if (!doubles) {
        doubles = g_new0(Doubles, 1);
        doubles->room = claim->room;
        doubles->other = other;
        doubles->held = held;
        doubles->names = g_string_new(NULL);
        g_ptr_array_add(all, doubles);
    }
    if (doubles->n < NAMED_MAX)
        g_string_append_printf(doubles->names, "%s%s", doubles->n ? ", " : "",
                               claim->seat->name);
    doubles->n++;
}

/* Of each MAC that several claim: who does not get it, and who has it. */
static void
gather_doubles(PupBook *book, const char *mac, GPtrArray *all)
{
    const GArray *claims = g_hash_table_lookup(book->claims, mac);
    const PupBookClaim *holder = pup_book_holder(book, mac);
    const PupBookClaim *first = &g_array_index(claims, PupBookClaim, 0);
    for (guint i = 0; i < claims->len; i++) {
        const PupBookClaim *claim = &g_array_index(claims, PupBookClaim, i);
        if (claim != (holder ? holder : first))
            add_double(all, claim, (holder ? holder : first)->room, holder != NULL);
    }
}

static void
say_doubles(GPtrArray *problems, const Doubles *doubles)
{
    const PupBookRoom *room = doubles->room, *other = doubles->other;
    gboolean copy = doubles->n == room->profile->n_seats;
    char *text = g_strdup_printf(
        "%u of its seats (%s%s) %s room '%s', too, which %s", doubles->n,
        doubles->names->str, doubles->n > NAMED_MAX ? " ..." : "",
        doubles->n == 1 ? "is a seat of" : "are seats of", other->room,
        doubles->held ? "had them before and keeps them"
                      : "is not known to have had them before: they get no room");
    char *mend =
        copy ? g_strdup_printf(
                   "take them out of '%s' or '%s'; if the first is but a "
                   "copy, give it a name that does not end in " PUP_ROOM_SUFFIX,
                   room->path, other->path)
             : g_strdup_printf("take them out of '%s' or '%s'", room->path, other->path);
    add_problem(problems, room->room, room->path, text, mend)->other =
        g_strdup(other->room);
}

static void
add_doubles(GPtrArray *problems, PupBook *book)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(free_doubles);
    g_autoptr(GList) macs =
        g_list_sort(g_hash_table_get_keys(book->claims), compare_texts);
    for (GList *mac = macs; mac; mac = mac->next)
        gather_doubles(book, mac->data, all);
    for (guint i = 0; i < all->len; i++)
        say_doubles(problems, g_ptr_array_index(all, i));
}

/* TRUE for what editors, packages and people leave beside a file on purpose. */
static gboolean
is_backup(const char *file)
{
    static const char *const ends[] = {"~",    ".bak",  ".orig", ".old",    ".rej",
                                       ".sav", ".save", ".swp",  ".refused"};
    for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++)
        if (g_str_has_suffix(file, ends[i]))
            return TRUE;
    return file[0] == '.' || file[0] == '#' || strstr(file, ".dpkg-") ||
           strstr(file, ".ucf-");
}

static void
add_stray(GPtrArray *problems, PupCatalog *catalog, const char *file)
{
    g_autofree char *lower = g_ascii_strdown(file, -1);
    g_autofree char *shown = pup_text_escape(file);
    g_autofree char *path = g_build_filename(catalog->rooms_dir, shown, NULL);
    gboolean meant = g_str_has_suffix(lower, PUP_ROOM_SUFFIX);
    PupProfileProblem *problem = add_problem(
        problems, NULL, path,
        g_strdup(meant ? "cannot be a room's profile by its name, and is passed over"
                       : "is no room's profile, and is passed over"),
        g_strdup(meant ? "call it NAME.conf, where NAME is 1 to 63 of a-z 0-9 - . _ and "
                         "begins with a letter or digit"
                       : "if it is meant to be one, call it NAME.conf"));
    problem->harmless = !meant;
}

static void
add_strays(GPtrArray *problems, PupCatalog *catalog)
{
    g_autoptr(GDir) dir = g_dir_open(catalog->rooms_dir, 0, NULL);
    const char *file;
    while (dir && (file = g_dir_read_name(dir))) {
        g_autofree char *room = pup_catalog_room_of_file(file);
        if (!room && !is_backup(file))
            add_stray(problems, catalog, file);
    }
}

static int
compare_problems(gconstpointer a, gconstpointer b)
{
    const PupProfileProblem *left = *(PupProfileProblem *const *) a;
    const PupProfileProblem *right = *(PupProfileProblem *const *) b;
    int order = strcmp(left->path, right->path);
    return order ? order : strcmp(left->problem, right->problem);
}

GPtrArray *
pup_catalog_profile_problems(PupCatalog *catalog, GError **error)
{
    g_autoptr(PupBook) book = pup_book_read(catalog, error);
    if (!book)
        return NULL;
    GPtrArray *problems = g_ptr_array_new_with_free_func(free_problem);
    for (guint i = 0; i < book->rooms->len; i++) {
        const PupBookRoom *entry = g_ptr_array_index(book->rooms, i);
        if (entry->broken)
            add_broken(problems, entry);
    }
    add_doubles(problems, book);
    add_strays(problems, catalog);
    g_ptr_array_sort(problems, compare_problems);
    return problems;
}

/* A room that is gone on purpose has no PCs. */
void
pup_catalog_forget_profile(PupCatalog *catalog, const char *room)
{
    g_autofree char *file = g_strconcat(room, PUP_ROOM_SUFFIX, NULL);
    g_autofree char *path = pup_book_path(catalog, file);
    g_mutex_lock(&catalog->profiles_lock);
    g_autoptr(PupBook) book = pup_book_read(catalog, NULL);
    GHashTableIter iter;
    gpointer had;
    if (book) {
        g_hash_table_iter_init(&iter, pup_book_had(book));
        while (g_hash_table_iter_next(&iter, NULL, &had))
            if (strcmp(had, room) == 0)
                g_hash_table_iter_remove(&iter);
        note_holders(book);
        write_had(catalog, book->had, NULL);
    }
    g_mutex_unlock(&catalog->profiles_lock);
    pup_file_remove_tree(path);
}
