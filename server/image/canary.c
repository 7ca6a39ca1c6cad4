/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/canary.h"

#include <string.h>

#include "lib/error.h"
#include "lib/ident.h"
#include "lib/nearest.h"

/* The seat of @profile with that name or MAC; NULL: none. */
static const PupRoomSeat *
find_seat(const PupRoomProfile *profile, const char *text)
{
    g_autofree char *mac = pup_mac_parse(text, NULL);

    for (unsigned i = 0; i < profile->n_seats; i++)
        if (strcmp(profile->seats[i].name, text) == 0 ||
            g_strcmp0(profile->seats[i].mac, mac) == 0)
            return &profile->seats[i];
    return NULL;
}

const PupRoomSeat *
pup_canary_find_seat(const PupRoomProfile *profile, const char *room, const char *text,
                     GError **error)
{
    const PupRoomSeat *seat = find_seat(profile, text);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *hint = NULL;

    if (seat)
        return seat;
    for (unsigned i = 0; i < profile->n_seats; i++)
        g_ptr_array_add(names, profile->seats[i].name);
    g_ptr_array_add(names, NULL);
    hint = pup_nearest_hint(text, (char **) names->pdata);
    pup_error_set(error, PUP_ERROR_NOT_FOUND, "room '%s' has no seat '%s'%s", room, text,
                  hint);
    return NULL;
}

char *
pup_canary_seat_name(PupCatalog *catalog, const char *room, const char *seat)
{
    g_autoptr(PupRoomProfile) profile = pup_catalog_room(catalog, room, NULL);
    const PupRoomSeat *found = profile ? find_seat(profile, seat) : NULL;

    return g_strdup(found ? found->name : seat);
}

static void
set_undecided(const PupWorkshop *shop, const char *room, const PupCanary *canary,
              GError **error)
{
    g_autofree char *seat = pup_canary_seat_name(shop->catalog, room, canary->seat);

    pup_error_set(error, PUP_ERROR_BUSY,
                  "%s@%u is on trial at seat '%s': `pupitre room promote %s` gives it to "
                  "the room, `pupitre room rollback %s` drops it",
                  room, canary->version, seat, room, room);
}

/* A room that has never had a version has nothing for the other seats. */
static gboolean
check_others(const PupWorkshop *shop, const char *room, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (pup_store_current(shop->store, PUP_KIND_ROOM, room, &why) > 0)
        return TRUE;
    if (!g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    pup_error_set(error, PUP_ERROR_NOT_FOUND,
                  "room '%s' has no version yet that its other seats could run: leave "
                  "--canary out the first time",
                  room);
    return FALSE;
}

gboolean
pup_trial_plan(const PupWorkshop *shop, const char *room, const PupRoomProfile *profile,
               const char *canary, PupTrial *trial, GError **error)
{
    PupTrial plan = {.seat = ""};
    const PupRoomSeat *seat = NULL;

    if (!pup_store_canary(shop->store, room, &plan.now, error))
        return FALSE;
    if (!canary && plan.now.version > 0) {
        set_undecided(shop, room, &plan.now, error);
        return FALSE;
    }
    if (canary && (!(seat = pup_canary_find_seat(profile, room, canary, error)) ||
                   !check_others(shop, room, error)))
        return FALSE;
    if (seat)
        g_strlcpy(plan.seat, seat->mac, sizeof plan.seat);
    *trial = plan;
    return TRUE;
}

gboolean
pup_trial_move(const PupWorkshop *shop, const char *room, const PupTrial *trial,
               GError **error)
{
    PupCanary next = {.version = trial->now.version};

    if (trial->now.version == 0 || strcmp(trial->now.seat, trial->seat) == 0)
        return TRUE;
    g_strlcpy(next.seat, trial->seat, sizeof next.seat);
    return pup_store_set_canary(shop->store, room, &next, error);
}
