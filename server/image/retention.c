/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Days are those that have versions, not those of the calendar: after the holidays the
 * last two weeks of lessons are still there, and a server whose clock is wrong removes
 * nothing for that.
 *
 * That a seat is silent says little: it may run on through a server that is away. So what
 * it named last counts for a day.
 */
#include "server/image/retention.h"

#include <string.h>

#include "lib/error.h"
#include "lib/time_text.h"
#include "server/image/images.h"
#include "server/image/screens.h"
#include "server/image/workshop.h"

#define DAY_S (24 * 3600)

const char *
pup_kept_name(PupKept kept)
{
    static const char *const names[] = {NULL,     "current",  "canary",
                                        "pinned", "in use",   "newest",
                                        "daily",  "no limit", "not known"};

    return names[kept];
}

static void
keep_as(PupRetained *version, PupKept why)
{
    if (version->kept == PUP_KEPT_NOT)
        version->kept = why;
}

void
pup_retention_judge(GArray *versions, unsigned keep, unsigned keep_daily)
{
    PupKept rest = keep == 0 && keep_daily == 0 ? PUP_KEPT_ALL : PUP_KEPT_NOT;
    unsigned n = 0, n_days = 0;
    gint64 day = 0;

    for (guint i = versions->len; i > 0; i--) {
        PupRetained *version = &g_array_index(versions, PupRetained, i - 1);
        gboolean last_of_day = n == 0 || version->day != day;
        day = version->day;
        n_days += last_of_day;
        n++;
        if (n == 1 || n <= keep)
            keep_as(version, PUP_KEPT_NEWEST);
        if (last_of_day && n_days <= keep_daily)
            keep_as(version, PUP_KEPT_DAILY);
        keep_as(version, rest);
    }
}

static gboolean
add_version(const PupWorkshop *shop, PupKind kind, const char *name, unsigned number,
            unsigned current, GArray *versions, GError **error)
{
    g_autoptr(PupManifest) manifest =
        pup_workshop_manifest(shop, kind, name, number, error);
    g_autoptr(GTimeZone) zone = pup_time_zone();
    g_autoptr(GDateTime) utc = NULL, local = NULL;
    PupRetained version = {.version = number};
    GDate date;

    if (!manifest)
        return FALSE;
    utc = g_date_time_new_from_iso8601(manifest->created, NULL);
    local = utc ? g_date_time_to_timezone(utc, zone) : NULL;
    if (local) {
        g_date_clear(&date, 1);
        g_date_set_dmy(&date, (GDateDay) g_date_time_get_day_of_month(local),
                       (GDateMonth) g_date_time_get_month(local),
                       (GDateYear) g_date_time_get_year(local));
        version.created_s = g_date_time_to_unix(utc);
        version.day = g_date_get_julian(&date);
    }
    version.pinned = pup_store_is_pinned(shop->store, kind, name, number);
    if (number == current)
        version.kept = PUP_KEPT_CURRENT;
    else if (version.pinned)
        version.kept = PUP_KEPT_PINNED;
    g_array_append_val(versions, version);
    return TRUE;
}

/* All versions, with what keeps them whatever the limits are. */
static GArray *
list_versions(const PupWorkshop *shop, PupKind kind, const char *name, GError **error)
{
    g_autoptr(GArray) numbers = pup_store_versions(shop->store, kind, name, error);
    g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(PupRetained));
    g_autoptr(GError) nowhere = NULL;
    unsigned current;

    if (!numbers)
        return NULL;
    current = pup_store_current(shop->store, kind, name, &nowhere);
    if (nowhere && !g_error_matches(nowhere, PUP_ERROR, PUP_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&nowhere));
        return NULL;
    }
    for (guint i = 0; i < numbers->len; i++)
        if (!add_version(shop, kind, name, g_array_index(numbers, unsigned, i), current,
                         versions, error))
            return NULL;
    return g_steal_pointer(&versions);
}

/* A trial that cannot be read keeps nothing; fsck tells of it. */
static void
keep_canary(const PupWorkshop *shop, const char *room, GArray *versions)
{
    PupCanary canary = {0};

    pup_store_canary(shop->store, room, &canary, NULL);
    for (guint i = 0; i < versions->len; i++) {
        PupRetained *version = &g_array_index(versions, PupRetained, i);
        if (version->version == canary.version)
            version->kept = PUP_KEPT_CANARY;
    }
}

static void
keep_used(GArray *versions, unsigned used)
{
    for (guint i = 0; i < versions->len; i++) {
        PupRetained *version = &g_array_index(versions, PupRetained, i);
        if (version->version == used)
            keep_as(version, PUP_KEPT_IN_USE);
    }
}

/* A catalog that was made a moment ago does not know who ran what before it. */
static gboolean
keep_older_than_catalog(const PupWorkshop *shop, GArray *versions, GError **error)
{
    gint64 now_ms = g_get_real_time() / 1000, made_ms;

    if (!pup_catalog_made(shop->catalog, &made_ms, error))
        return FALSE;
    if (made_ms == PUP_CATALOG_MISSING)
        made_ms = now_ms;
    for (guint i = 0; now_ms - made_ms < DAY_S * 1000 && i < versions->len; i++) {
        PupRetained *version = &g_array_index(versions, PupRetained, i);
        if ((version->created_s + 1) * 1000 <= made_ms)
            keep_as(version, PUP_KEPT_IN_USE);
    }
    return TRUE;
}

GArray *
pup_retention_room(const PupWorkshop *shop, const char *room, GError **error)
{
    gint64 now_ms = g_get_real_time() / 1000;
    g_autoptr(PupRoomProfile) profile = pup_catalog_room(shop->catalog, room, error);
    g_autoptr(GArray) versions =
        profile ? list_versions(shop, PUP_KIND_ROOM, room, error) : NULL;
    g_autoptr(GArray) used =
        versions ? pup_catalog_versions_in_use(shop->catalog, room, now_ms - DAY_S * 1000,
                                               error)
                 : NULL;

    if (!used || !keep_older_than_catalog(shop, versions, error))
        return NULL;
    keep_canary(shop, room, versions);
    for (guint i = 0; i < used->len; i++)
        keep_used(versions, g_array_index(used, unsigned, i));
    pup_retention_judge(versions, profile->keep, profile->keep_daily);
    return g_steal_pointer(&versions);
}

GArray *
pup_retention_unknown(const PupWorkshop *shop, const char *room, GError **error)
{
    g_autoptr(GArray) versions = pup_catalog_has_room(shop->catalog, room, error)
                                     ? list_versions(shop, PUP_KIND_ROOM, room, error)
                                     : NULL;

    if (!versions)
        return NULL;
    keep_canary(shop, room, versions);
    for (guint i = 0; i < versions->len; i++)
        keep_as(&g_array_index(versions, PupRetained, i), PUP_KEPT_UNKNOWN);
    return g_steal_pointer(&versions);
}

/* What @room's versions derive from, and its profile names. That the room has none is
 * fine; what one names that cannot be read must not go meanwhile. */
static gboolean
keep_for_room(const PupWorkshop *shop, const char *room, const char *name,
              GArray *versions, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(PupRoomProfile) profile = pup_catalog_room(shop->catalog, room, &why);
    g_autoptr(GArray) numbers = NULL;

    if (!profile && !g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&why),
                                   "nobody can tell what room '%s' needs: ", room);
        return FALSE;
    }
    numbers = pup_store_versions(shop->store, PUP_KIND_ROOM, room, error);
    if (profile && strcmp(profile->master, name) == 0)
        keep_used(versions, profile->master_version);
    for (guint i = 0; numbers && i < numbers->len; i++) {
        g_autoptr(PupManifest) manifest = pup_workshop_manifest(
            shop, PUP_KIND_ROOM, room, g_array_index(numbers, unsigned, i), error);
        if (!manifest)
            return FALSE;
        if (strcmp(manifest->master, name) == 0)
            keep_used(versions, manifest->master_version);
    }
    return numbers != NULL;
}

static gboolean
keep_for_rooms(const PupWorkshop *shop, const char *name, GArray *versions,
               GError **error)
{
    g_auto(GStrv) published = pup_store_names(shop->store, PUP_KIND_ROOM, error);
    g_auto(GStrv) rooms = pup_catalog_rooms(shop->catalog, error);

    if (!published || !rooms)
        return FALSE;
    for (char **room = published; *room; room++)
        if (!keep_for_room(shop, *room, name, versions, error))
            return FALSE;
    for (char **room = rooms; *room; room++)
        if (!keep_for_room(shop, *room, name, versions, error))
            return FALSE;
    return TRUE;
}

static gboolean
keep_for_sub_masters(const PupWorkshop *shop, const char *name, GArray *versions,
                     GError **error)
{
    g_autoptr(GPtrArray) images = pup_images_list(shop, error);

    for (guint i = 0; images && i < versions->len; i++) {
        PupRetained *version = &g_array_index(versions, PupRetained, i);
        if (pup_images_users(images, name, version->version) > 0)
            keep_as(version, PUP_KEPT_IN_USE);
    }
    return images != NULL;
}

/* The one that was the newest until a moment ago. */
static void
keep_recent(GArray *versions)
{
    gint64 since_s = g_get_real_time() / G_USEC_PER_SEC - DAY_S;

    for (guint i = 0; i + 1 < versions->len; i++)
        if (g_array_index(versions, PupRetained, i + 1).created_s >= since_s)
            keep_as(&g_array_index(versions, PupRetained, i), PUP_KEPT_IN_USE);
}

GArray *
pup_retention_master(const PupWorkshop *shop, const char *name, GError **error)
{
    g_autoptr(GArray) versions = list_versions(shop, PUP_KIND_MASTER, name, error);

    if (!versions || !keep_for_sub_masters(shop, name, versions, error) ||
        !keep_for_rooms(shop, name, versions, error))
        return NULL;
    keep_recent(versions);
    pup_retention_judge(versions, shop->settings->masters_keep, 0);
    return g_steal_pointer(&versions);
}

gboolean
pup_retention_apply(const PupWorkshop *shop, PupKind kind, const char *name,
                    const GArray *versions, unsigned *n_gone, GError **error)
{
    g_autoptr(GArray) leaving = g_array_new(FALSE, FALSE, sizeof(unsigned));

    for (guint i = 0; i < versions->len; i++) {
        const PupRetained *version = &g_array_index(versions, PupRetained, i);
        if (version->kept == PUP_KEPT_NOT)
            g_array_append_val(leaving, version->version);
    }
    *n_gone = leaving->len;
    if (leaving->len == 0 || shop->dry_run)
        return TRUE;
    if (!pup_store_remove_versions(shop->store, kind, name, leaving, n_gone, error))
        return FALSE;
    for (guint i = 0; kind == PUP_KIND_ROOM && i < leaving->len; i++)
        pup_screen_forget(shop, name, g_array_index(leaving, unsigned, i));
    return TRUE;
}
