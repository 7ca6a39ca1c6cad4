/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The database of the catalog, as a whole: whatever is wrong with it is one finding, as
 * one thing mends it. What is in it is for others to judge.
 */
#include "server/check/check.h"

#include "lib/error.h"
#include "lib/time_text.h"
#include "server/catalog/schedules.h"
#include "server/image/image.h"

/* So long a person is needed; later, a note will do. */
#define RECENT_MS (G_GINT64_CONSTANT(7) * 24 * 3600 * 1000)

static void
add(PupCheckup *checkup, PupFindingSeverity severity, char *problem, char *mend)
{
    pup_checkup_add(checkup, severity, g_strdup("catalog"), problem, mend);
}

static char *
mend_of(const GError *why, const char *path)
{
    if (g_error_matches(why, PUP_ERROR, PUP_ERROR_UNSUPPORTED))
        return g_strdup("install the Pupitre that made it, or restore the catalog of "
                        "before from a backup");
    if (g_error_matches(why, PUP_ERROR, PUP_ERROR_BUSY))
        return g_strdup("another program has it: see who with `fuser`, and try again");
    if (g_error_matches(why, PUP_ERROR, PUP_ERROR_CORRUPT) ||
        g_error_matches(why, PUP_ERROR, PUP_ERROR_INVALID))
        return g_strdup_printf("stop pupitred and restore '%s' from a backup; without "
                               "one, move it away, and give the rooms' schedules again: "
                               "it holds only them, the seats' history and what is "
                               "wished of them",
                               path);
    return g_strdup_printf("let Pupitre write '%s' and make files beside it: is the disk "
                           "full (`pupitre gc`), or mounted to be read only?",
                           path);
}

/* Unix time of @room's first version; 0 where that cannot be told. */
static gint64
first_ms(const PupWorkshop *shop, const char *room)
{
    g_autoptr(GArray) numbers =
        pup_store_versions(shop->store, PUP_KIND_ROOM, room, NULL);
    g_autoptr(PupManifest) manifest = NULL;
    g_autoptr(GDateTime) created = NULL;

    if (numbers && numbers->len > 0)
        manifest = pup_workshop_manifest(shop, PUP_KIND_ROOM, room,
                                         g_array_index(numbers, unsigned, 0), NULL);
    if (manifest)
        created = g_date_time_new_from_iso8601(manifest->created, NULL);
    return created ? g_date_time_to_unix(created) * 1000 : 0;
}

/* A room that has a version of before @made_ms, or any when there is no catalog; NULL:
 * none has. New string. */
static char *
older_room(const PupWorkshop *shop, gint64 made_ms)
{
    g_auto(GStrv) rooms = pup_store_names(shop->store, PUP_KIND_ROOM, NULL);

    for (char **room = rooms; room && *room; room++) {
        gint64 ms = first_ms(shop, *room);
        /* seconds are what a version is dated by */
        if (ms > 0 && (made_ms == PUP_CATALOG_MISSING || ms + 1000 <= made_ms))
            return g_strdup(*room);
    }
    return NULL;
}

/* Nobody can tell whether there were schedules; one that stands says that they are given
 * again. */
static void
check_made(PupCheckup *checkup, gint64 made_ms, gboolean scheduled, const char *path)
{
    gboolean missing = made_ms == PUP_CATALOG_MISSING;
    g_autofree char *room =
        made_ms == 0 || scheduled ? NULL : older_room(checkup->shop, made_ms);
    g_autofree char *when = pup_time_text(made_ms);
    gint64 age_ms = g_get_real_time() / 1000 - made_ms;

    if (!room)
        return;
    add(checkup, missing || age_ms < RECENT_MS ? PUP_FINDING_WARNING : PUP_FINDING_NOTE,
        missing ? g_strdup_printf("'%s' is not there, and room '%s' has versions: "
                                  "schedules and history are lost",
                                  path, room)
                : g_strdup_printf("'%s' was made anew on %s, after versions of room "
                                  "'%s': the schedules and history of before are lost",
                                  path, when, room),
        g_strdup_printf("stop pupitred and restore '%s' from a backup; without one, give "
                        "the schedules again (`pupitre room regenerate ROOM --schedule "
                        "WHEN`, or `--at`), if there were any",
                        path));
}

void
pup_check_catalog(PupCheckup *checkup)
{
    PupCatalog *catalog = checkup->shop->catalog;
    g_autofree char *path = pup_settings_path(checkup->shop->settings, "catalog.db");
    g_autoptr(GError) why = pup_catalog_trouble(catalog);
    g_autoptr(GArray) schedules = NULL, runs = NULL, sent = NULL;
    gint64 made_ms = 0;

    if (!why && checkup->thorough)
        pup_catalog_verify(catalog, &why);
    if (!why)
        pup_catalog_made(catalog, &made_ms, &why);
    if (!why)
        schedules = pup_catalog_schedules(catalog, NULL, &why);
    if (!why)
        runs = pup_catalog_runs(catalog, NULL, &why);
    if (!why)
        sent = pup_catalog_sent(catalog, &why);
    if (why)
        add(checkup, PUP_FINDING_WARNING, g_strdup(why->message), mend_of(why, path));
    else
        check_made(checkup, made_ms, schedules->len > 0, path);
}
