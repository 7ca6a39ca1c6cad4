/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A room's other name. The profile's file moves at once, and with it the room; what the
 * database has of the room is moved in one transaction of its own, which may come again.
 */
#include "config.h"
#include "server/catalog/catalog_private.h"

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static gboolean
move_profile(PupCatalog *catalog, const char *from, const char *to, GError **error)
{
    g_autofree char *from_path = pup_catalog_room_path(catalog, from);
    g_autofree char *to_path = pup_catalog_room_path(catalog, to);

    if (renameat2(AT_FDCWD, from_path, AT_FDCWD, to_path, RENAME_NOREPLACE) == 0)
        return pup_file_sync_dir(catalog->rooms_dir, error);
    pup_error_set_errno(error, errno, "cannot rename '%s' to '%s'", from_path, to_path);
    return FALSE;
}

gboolean
pup_catalog_room_rename(PupCatalog *catalog, const char *from, const char *to,
                        GError **error)
{
    int lock;
    gboolean ok;

    if (!pup_ident_check("room", from, error) || !pup_ident_check("room", to, error))
        return FALSE;
    lock = pup_catalog_lock_rooms(catalog, error);
    if (lock < 0)
        return FALSE;
    ok = move_profile(catalog, from, to, error);
    close(lock);
    return ok;
}

static gboolean
move_rows(PupCatalog *catalog, const char *from, const char *to, GError **error)
{
    static const char *const tables[] = {"seat",     "sent",         "warm",
                                         "schedule", "schedule_run", "take"};

    if (!pup_database_run(catalog->db, error, "BEGIN IMMEDIATE", ""))
        return FALSE;
    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *sql = g_strdup_printf(
            "UPDATE OR REPLACE %s SET room = ?2 WHERE room = ?1", tables[i]);
        if (!pup_database_run(catalog->db, error, sql, "ss", from, to)) {
            pup_database_run(catalog->db, NULL, "ROLLBACK", "");
            return FALSE;
        }
    }
    return pup_database_run(catalog->db, error, "COMMIT", "");
}

gboolean
pup_catalog_room_moved(PupCatalog *catalog, const char *from, const char *to,
                       GError **error)
{
    g_mutex_lock(&catalog->lock);
    pup_database_sync(catalog->db, TRUE);
    gboolean ok = move_rows(catalog, from, to, error);
    pup_database_sync(catalog->db, FALSE);
    g_mutex_unlock(&catalog->lock);
    if (ok)
        pup_catalog_forget_profile(catalog, from);
    return ok;
}
