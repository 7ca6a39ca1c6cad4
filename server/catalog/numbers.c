/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the daemon counted, for commands that read the catalog: each seat's stats, and the
 * bytes that it sent of each version. The daemon writes them every few seconds, not with
 * each poll or chunk.
 */
#include "config.h"
#include "server/catalog/catalog_private.h"

#include "lib/json.h"

#include <stdlib.h>

#define STATS_MAX_BYTES 4096u

gboolean
pup_catalog_set_stats(PupCatalog *catalog, const char *mac, const PupSeatStats *stats,
                      GError **error)
{
    g_autoptr(PupJsonValue) json = pup_seat_stats_json(stats);
    char *text = json_dumps(json, JSON_COMPACT);
    g_mutex_lock(&catalog->lock);
    gboolean ok = pup_database_run(
        catalog->db, error, "UPDATE seat SET stats = ?2 WHERE mac = ?1", "ss", mac, text);
    g_mutex_unlock(&catalog->lock);
    free(text);
    return ok;
}

void
pup_catalog_read_stats(PupSeat *seat, const char *text)
{
    g_autoptr(PupJsonValue) json =
        *text ? pup_json_parse("stats", text, strlen(text), STATS_MAX_BYTES, NULL) : NULL;
    seat->has_stats = json && pup_seat_stats_parse("stats", json, &seat->stats, NULL);
}

gboolean
pup_catalog_add_sent(PupCatalog *catalog, const PupSent *sent, GError **error)
{
    g_mutex_lock(&catalog->lock);
    gboolean ok = pup_database_run(
        catalog->db, error,
        "INSERT INTO sent VALUES (?1, ?2, ?3, ?4) ON CONFLICT (room, version) DO UPDATE "
        "SET chunks = chunks + ?3, bytes = bytes + ?4",
        "siii", sent->room, (gint64) sent->version, (gint64) sent->chunks,
        (gint64) sent->bytes);
    g_mutex_unlock(&catalog->lock);
    return ok;
}

gboolean
pup_catalog_forget_sent(PupCatalog *catalog, const char *room, unsigned version,
                        GError **error)
{
    g_mutex_lock(&catalog->lock);
    gboolean ok = pup_database_run(catalog->db, error,
                                   "DELETE FROM sent WHERE room = ?1 AND version = ?2",
                                   "si", room, (gint64) version) &&
                  pup_database_run(catalog->db, error,
                                   "DELETE FROM take WHERE room = ?1 AND version = ?2",
                                   "si", room, (gint64) version);
    g_mutex_unlock(&catalog->lock);
    return ok;
}

static gboolean
read_sent(PupCatalog *catalog, GArray *all, GError **error)
{
    int step = -1;
    g_autoptr(sqlite3_stmt) rows = pup_database_prepare(
        catalog->db, error,
        "SELECT room, version, chunks, bytes FROM sent ORDER BY room, version", "");
    while (rows && (step = pup_database_step(catalog->db, rows, error)) == 1) {
        PupSent sent = {.version = (unsigned) sqlite3_column_int64(rows, 1),
                        .chunks = (guint64) sqlite3_column_int64(rows, 2),
                        .bytes = (guint64) sqlite3_column_int64(rows, 3)};
        g_strlcpy(sent.room, (const char *) sqlite3_column_text(rows, 0),
                  sizeof sent.room);
        g_array_append_val(all, sent);
    }
    return step == 0;
}

GArray *
pup_catalog_sent(PupCatalog *catalog, GError **error)
{
    g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(PupSent));
    g_mutex_lock(&catalog->lock);
    gboolean ok = read_sent(catalog, all, error);
    g_mutex_unlock(&catalog->lock);
    return ok ? g_steal_pointer(&all) : NULL;
}

json_t *
pup_version_json(guint64 version)
{
    return version > 0 ? json_integer((json_int_t) version) : json_null();
}

json_t *
pup_sent_json(const GArray *all)
{
    json_t *list = json_array();
    for (guint i = 0; i < all->len; i++) {
        const PupSent *sent = &g_array_index(all, PupSent, i);
        json_array_append_new(list, json_pack("{s:s,s:i,s:I,s:I}", "room", sent->room,
                                              "version", (int) sent->version, "chunks",
                                              (json_int_t) sent->chunks, "bytes",
                                              (json_int_t) sent->bytes));
    }
    return list;
}
