/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the seats do. A seat's row is its last boot: what it says of itself, and the time
 * of each stage. When a boot begins is a guess, because a PC that is switched off does
 * not say so: the firmware asks for an address, or an early stage comes from a seat that
 * had come further, or again after a long silence. Within a boot the first time of a
 * stage counts: firmware and loader ask twice, a guest starts again.
 */
#include "config.h"
#include "server/catalog/book.h"

#include "lib/error.h"
#include "lib/ident.h"

/* Silence after which an early stage that was reached already means a new boot. */
#define SILENT_MS G_GINT64_CONSTANT(60000)
/* PCs without a room that are remembered: an admin who adds a room has no more at once,
 * and anybody can make up addresses. */
#define STRANGERS_MAX 1000

void
pup_seat_free(PupSeat *seat)
{
    if (!seat)
        return;
    g_free(seat->mac);
    g_free(seat->room);
    g_free(seat->seat);
    g_free(seat->state);
    g_free(seat->said);
    g_free(seat->detail);
    g_free(seat->address);
    g_free(seat->boot);
    g_array_unref(seat->starts);
    g_array_unref(seat->boots);
    g_free(seat);
}

static void
free_seat(gpointer seat)
{
    pup_seat_free(seat);
}

static PupSeat *
seat_new(const char *mac, const char *room, const char *name)
{
    PupSeat *seat = g_new0(PupSeat, 1);
    seat->mac = g_strdup(mac);
    seat->room = g_strdup(room);
    seat->seat = g_strdup(name);
    seat->state = g_strdup("off");
    seat->said = g_strdup("off");
    seat->boot = g_strdup("");
    seat->starts = g_array_new(FALSE, FALSE, sizeof(PupGuestStart));
    seat->boots = g_array_new(FALSE, FALSE, sizeof(PupSeatBoot));
    seat->detail = g_strdup("");
    seat->address = g_strdup("");
    for (unsigned i = 0; i < PUP_N_STAGES; i++)
        seat->stage_ms[i] = -1;
    return seat;
}

static void
set_text(char **field, const char *text)
{
    g_free(*field);
    *field = g_strdup(text);
}

#define SEAT_COLUMNS                                                                     \
    "mac, room, state, detail, address, version, boot_started_ms, last_seen_ms, stats, " \
    "boot, clock_off_ms"

static PupSeat *
seat_from_row(sqlite3_stmt *row)
{
    PupSeat *seat = seat_new((const char *) sqlite3_column_text(row, 0),
                             (const char *) sqlite3_column_text(row, 1), "");
    set_text(&seat->state, (const char *) sqlite3_column_text(row, 2));
    set_text(&seat->said, seat->state);
    set_text(&seat->detail, (const char *) sqlite3_column_text(row, 3));
    set_text(&seat->address, (const char *) sqlite3_column_text(row, 4));
    seat->version = (unsigned) sqlite3_column_int64(row, 5);
    seat->boot_started_ms = sqlite3_column_int64(row, 6);
    seat->last_seen_ms = sqlite3_column_int64(row, 7);
    pup_catalog_read_stats(seat, (const char *) sqlite3_column_text(row, 8));
    set_text(&seat->boot, (const char *) sqlite3_column_text(row, 9));
    seat->knows_clock = sqlite3_column_type(row, 10) != SQLITE_NULL;
    seat->clock_off_ms = sqlite3_column_int64(row, 10);
    return seat;
}

static gboolean
read_stages(PupCatalog *catalog, PupSeat *seat, GError **error)
{
    int step;
    g_autoptr(sqlite3_stmt) rows = pup_database_prepare(
        catalog->db, error, "SELECT stage, at_ms FROM stage WHERE mac = ?1", "s",
        seat->mac);
    if (!rows)
        return FALSE;
    while ((step = pup_database_step(catalog->db, rows, error)) == 1) {
        PupStage stage;
        if (pup_stage_parse((const char *) sqlite3_column_text(rows, 0), &stage))
            seat->stage_ms[stage] =
                MAX(sqlite3_column_int64(rows, 1) - seat->boot_started_ms, 0);
    }
    return step == 0;
}

gboolean
pup_seats_read(PupCatalog *catalog, const char *mac, PupSeat **seat, GError **error)
{
    g_autoptr(sqlite3_stmt) rows = pup_database_prepare(
        catalog->db, error, "SELECT " SEAT_COLUMNS " FROM seat WHERE mac = ?1", "s", mac);
    int step = rows ? pup_database_step(catalog->db, rows, error) : -1;
    if (step < 0)
        return FALSE;
    *seat = NULL;
    if (step == 0)
        return TRUE;
    g_autoptr(PupSeat) found = seat_from_row(rows);
    if (!read_stages(catalog, found, error))
        return FALSE;
    *seat = g_steal_pointer(&found);
    return TRUE;
}

gboolean
pup_seats_begins_boot(const PupSeat *seat, PupStage stage, gint64 now_ms)
{
    if (!seat || seat->boot_started_ms == 0)
        return TRUE;
    if (stage > PUP_STAGE_REGISTERED)
        return FALSE;
    if (strcmp(seat->state, "booting") != 0)
        return TRUE;
    if (seat->stage_ms[stage] < 0 && stage != PUP_STAGE_DHCP)
        return FALSE;
    /* The loader asks for an address too, right behind the firmware. */
    for (unsigned later = PUP_STAGE_LOADER;
         stage == PUP_STAGE_DHCP && later < PUP_N_STAGES; later++)
        if (seat->stage_ms[later] >= 0)
            return TRUE;
    return now_ms - seat->last_seen_ms > SILENT_MS;
}

gboolean
pup_seats_begin_boot(PupCatalog *catalog, const char *mac, gint64 now_ms, GError **error)
{
    g_hash_table_remove(catalog->starts, mac);
    return pup_boots_archive(catalog, mac, error) &&
           pup_database_run(catalog->db, error,
                            "INSERT INTO seat (mac, boot_started_ms) VALUES (?1, ?2) "
                            "ON CONFLICT (mac) DO UPDATE SET state = 'booting', "
                            "detail = '', stats = '', version = 0, boot = '', "
                            "clock_off_ms = NULL, boot_started_ms = ?2",
                            "si", mac, now_ms) &&
           pup_database_run(catalog->db, error, "DELETE FROM stage WHERE mac = ?1", "s",
                            mac);
}

/* Who belongs to a room is known by it from the first stage on, before it says so. */
static gboolean
give_room(PupCatalog *catalog, const char *mac, GError **error)
{
    g_autofree char *room = NULL;
    g_autofree char *seat = NULL;
    return !pup_catalog_find_seat(catalog, mac, &room, &seat, NULL) ||
           pup_database_run(catalog->db, error,
                            "UPDATE seat SET room = ?2 WHERE mac = ?1", "ss", mac, room);
}

static gboolean
forget(PupCatalog *catalog, const char *mac, GError **error)
{
    static const char *const tables[] = {"stage", "boot", "guest_start", "seat"};
    g_hash_table_remove(catalog->starts, mac);
    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *sql =
            g_strdup_printf("DELETE FROM %s WHERE mac = ?1", tables[i]);
        if (!pup_database_run(catalog->db, error, sql, "s", mac))
            return FALSE;
    }
    return TRUE;
}

/* Of PCs without a room, those that were not heard of for the longest time go. */
static gboolean
bound_strangers(PupCatalog *catalog, GError **error)
{
    int step = -1;
    g_autoptr(GPtrArray) macs = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(sqlite3_stmt) rows =
        pup_database_prepare(catalog->db, error,
                             "SELECT mac FROM seat WHERE room = '' ORDER BY "
                             "last_seen_ms DESC, rowid DESC LIMIT -1 OFFSET ?1",
                             "i", (gint64) STRANGERS_MAX);
    while (rows && (step = pup_database_step(catalog->db, rows, error)) == 1)
        g_ptr_array_add(macs, g_strdup((const char *) sqlite3_column_text(rows, 0)));
    for (guint i = 0; step == 0 && i < macs->len; i++)
        if (!forget(catalog, g_ptr_array_index(macs, i), error))
            return FALSE;
    return step == 0;
}

static gboolean
add_stage(PupCatalog *catalog, const char *mac, PupStage stage, gint64 now_ms,
          const char *detail, GError **error)
{
    g_autoptr(PupSeat) seat = NULL;
    if (!pup_seats_read(catalog, mac, &seat, error))
        return FALSE;
    gboolean has_room = seat && *seat->room;
    if (pup_seats_begins_boot(seat, stage, now_ms) &&
        (!pup_seats_begin_boot(catalog, mac, now_ms, error) ||
         (!has_room && !give_room(catalog, mac, error))))
        return FALSE;
    return pup_database_run(catalog->db, error,
                            "INSERT OR IGNORE INTO stage VALUES (?1, ?2, ?3)", "ssi", mac,
                            pup_stage_name(stage), now_ms) &&
           pup_database_run(catalog->db, error,
                            "UPDATE seat SET last_seen_ms = MAX(last_seen_ms, ?2), "
                            "detail = COALESCE(?3, detail) WHERE mac = ?1",
                            "sis", mac, now_ms, detail) &&
           (seat || bound_strangers(catalog, error));
}

gboolean
pup_catalog_begin(PupCatalog *catalog, GError **error)
{
    g_mutex_lock(&catalog->lock);
    if (pup_database_run(catalog->db, error, "BEGIN IMMEDIATE", ""))
        return TRUE;
    g_mutex_unlock(&catalog->lock);
    return FALSE;
}

gboolean
pup_catalog_end(PupCatalog *catalog, gboolean ok, GError **error)
{
    ok = ok && pup_database_run(catalog->db, error, "COMMIT", "");
    if (!ok)
        pup_database_run(catalog->db, NULL, "ROLLBACK", "");
    g_mutex_unlock(&catalog->lock);
    return ok;
}

gboolean
pup_catalog_stage(PupCatalog *catalog, const char *mac, PupStage stage, gint64 now_ms,
                  const char *detail, GError **error)
{
    g_autofree char *normal = pup_mac_parse(mac, error);
    if (!normal || !pup_catalog_begin(catalog, error))
        return FALSE;
    return pup_catalog_end(
        catalog, add_stage(catalog, normal, stage, now_ms, detail, error), error);
}

gboolean
pup_catalog_report(PupCatalog *catalog, const char *mac, const char *address,
                   const char *room, unsigned version, const char *state,
                   const char *detail, gint64 now_ms, GError **error)
{
    g_autofree char *normal = pup_mac_parse(mac, error);
    if (!normal || !pup_catalog_begin(catalog, error))
        return FALSE;
    gboolean ok =
        pup_database_run(catalog->db, error,
                         "INSERT OR IGNORE INTO seat (mac, boot_started_ms) "
                         "VALUES (?1, ?2)",
                         "si", normal, now_ms) &&
        pup_database_run(catalog->db, error,
                         "UPDATE seat SET address = COALESCE(?2, address), "
                         "room = COALESCE(?3, room), version = ?4, "
                         "state = COALESCE(?5, state), detail = COALESCE(?6, detail), "
                         "last_seen_ms = ?7 WHERE mac = ?1",
                         "sssissi", normal, address, room, (gint64) version, state,
                         detail, now_ms) &&
        ((room && *room) || bound_strangers(catalog, error));
    return pup_catalog_end(catalog, ok, error);
}

/* All rows, by MAC. NULL on error. */
static GHashTable *
read_all(PupCatalog *catalog, GError **error)
{
    int step = -1;
    g_autoptr(GHashTable) seats =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_seat);
    g_autoptr(sqlite3_stmt) rows =
        pup_database_prepare(catalog->db, error, "SELECT " SEAT_COLUMNS " FROM seat", "");
    while (rows && (step = pup_database_step(catalog->db, rows, error)) == 1) {
        PupSeat *seat = seat_from_row(rows);
        g_hash_table_insert(seats, seat->mac, seat);
        if (!read_stages(catalog, seat, error))
            return NULL;
    }
    return step == 0 && pup_boots_read(catalog, seats, error) ? g_steal_pointer(&seats)
                                                              : NULL;
}

static void
judge(PupSeat *seat, const PupServerLife *life, unsigned poll_s, gint64 now_ms)
{
    const PupSeatWord word = {seat->said, seat->stage_ms[PUP_STAGE_REGISTERED] >= 0,
                              seat->last_seen_ms};
    set_text(&seat->state, pup_seat_state(&word, life, poll_s, now_ms));
    seat->last_seen_ms = MIN(seat->last_seen_ms, now_ms);
    seat->silent_ms = seat->last_seen_ms > 0 ? now_ms - seat->last_seen_ms : 0;
}

/* FALSE when another room than @entry's has the PC, too, and had it before. */
static gboolean
is_its(PupBook *book, const PupBookRoom *entry, const PupRoomSeat *place)
{
    const PupBookClaim *holder = pup_book_holder(book, place->mac);
    return !holder || holder->room == entry;
}

/* The seats of a room's profile: their rows out of @known, or fresh ones. */
static void
take_room(PupBook *book, const PupBookRoom *entry, GHashTable *known, GPtrArray *seats)
{
    const PupRoomProfile *profile = entry->profile;
    for (unsigned i = 0; profile && i < profile->n_seats; i++) {
        const PupRoomSeat *place = &profile->seats[i];
        const char *room = entry->room;
        gpointer seat = NULL;
        if (!is_its(book, entry, place))
            continue;
        if (g_hash_table_steal_extended(known, place->mac, NULL, &seat)) {
            set_text(&((PupSeat *) seat)->room, room);
            set_text(&((PupSeat *) seat)->seat, place->name);
        } else {
            seat = seat_new(place->mac, room, place->name);
        }
        g_ptr_array_add(seats, seat);
    }
}

static void
take_rest(GHashTable *known, GPtrArray *seats)
{
    GHashTableIter iter;
    gpointer seat;
    g_hash_table_iter_init(&iter, known);
    while (g_hash_table_iter_next(&iter, NULL, &seat)) {
        g_hash_table_iter_steal(&iter);
        g_ptr_array_add(seats, seat);
    }
}

static int
compare_seats(gconstpointer a, gconstpointer b)
{
    const PupSeat *left = *(PupSeat *const *) a, *right = *(PupSeat *const *) b;
    int order = strcmp(left->room, right->room);
    if (order == 0)
        order = strcmp(left->seat, right->seat);
    return order != 0 ? order : strcmp(left->mac, right->mac);
}

GPtrArray *
pup_catalog_seats(PupCatalog *catalog, gint64 now_ms, unsigned poll_s, GError **error)
{
    g_autoptr(PupBook) book = pup_book_read(catalog, error);
    if (!book)
        return NULL;
    PupServerLife life;
    g_mutex_lock(&catalog->lock);
    g_autoptr(GHashTable) known =
        pup_server_life_read(catalog, &life, error) ? read_all(catalog, error) : NULL;
    g_mutex_unlock(&catalog->lock);
    if (!known)
        return NULL;
    GPtrArray *seats = g_ptr_array_new_with_free_func(free_seat);
    for (guint i = 0; i < book->rooms->len; i++)
        take_room(book, g_ptr_array_index(book->rooms, i), known, seats);
    take_rest(known, seats);
    for (guint i = 0; i < seats->len; i++)
        judge(g_ptr_array_index(seats, i), &life, poll_s, now_ms);
    g_ptr_array_sort(seats, compare_seats);
    return seats;
}
