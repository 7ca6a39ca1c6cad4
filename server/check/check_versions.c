/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the rooms' names stand at, and names that no room has. The chunks behind them are
 * left to the store's own fsck.
 */
#include "server/check/check.h"

#include "lib/error.h"

/* A version that seats are given. */
static void
check_version(PupCheckup *checkup, PupKind kind, const char *name, unsigned version)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(PupManifest) manifest =
        version > 0 ? pup_workshop_manifest(checkup->shop, kind, name, version, &why)
                    : NULL;

    if (manifest || !why)
        return;
    pup_checkup_add(checkup, PUP_FINDING_DAMAGE,
                    g_strdup_printf("version %s@%u", name, version),
                    g_strdup(why->message),
                    kind == PUP_KIND_ROOM
                        ? g_strdup_printf("`pupitre room rollback %s` gives its seats an "
                                          "older version; or restore the store from a "
                                          "backup",
                                          name)
                        : g_strdup("restore the store from a backup"));
}

static void
check_name(PupCheckup *checkup, PupKind kind, const char *name)
{
    PupStore *store = checkup->shop->store;
    g_autoptr(GError) why = NULL;
    unsigned version = pup_store_current(store, kind, name, &why);
    PupCanary canary = {0};

    if (version == 0)
        pup_checkup_add(checkup, PUP_FINDING_DAMAGE, g_strdup_printf("name %s", name),
                        g_strdup(why->message),
                        g_strdup(kind == PUP_KIND_ROOM
                                     ? "see `pupitre room history` and `room rollback`"
                                     : "restore the store from a backup"));
    check_version(checkup, kind, name, version);
    if (kind == PUP_KIND_ROOM && pup_store_canary(store, name, &canary, NULL))
        check_version(checkup, kind, name, canary.version);
}

char *
pup_check_put_back(PupCheckup *checkup, const char *room, const char *otherwise)
{
    g_autofree char *conf = pup_catalog_room_path(checkup->shop->catalog, room);
    g_autofree char *sub = g_strdup_printf("profiles/%s.conf", room);
    g_autofree char *kept = pup_settings_path(checkup->shop->settings, sub);

    if (g_file_test(kept, G_FILE_TEST_EXISTS))
        return g_strdup_printf("put the profile back (`cp %s %s` has what was good last)",
                               kept, conf);
    return g_strdup_printf(
        "put the profile back from a backup, or write '%s' anew, for which '[room]' and "
        "'master = NAME' are enough: all that the room has is there; to throw that away, "
        "%s",
        conf, otherwise);
}

/* The versions of a room without a profile: no PC gets them, and gc keeps them. */
static void
check_orphan(PupCheckup *checkup, const char *room)
{
    g_autofree char *conf = pup_catalog_room_path(checkup->shop->catalog, room);
    g_autofree char *removal =
        g_strdup_printf("remove them with `pupitre room remove %s`", room);

    pup_checkup_add(
        checkup, PUP_FINDING_WARNING, g_strdup_printf("versions of room %s", room),
        g_strdup_printf("the room has no profile '%s', so no PC gets them", conf),
        pup_check_put_back(checkup, room, removal));
}

static void
check_kind(PupCheckup *checkup, PupKind kind)
{
    g_autoptr(GError) why = NULL;
    g_auto(GStrv) names = pup_store_names(checkup->shop->store, kind, &why);
    g_auto(GStrv) rooms = pup_catalog_rooms(checkup->shop->catalog, NULL);

    if (!names) {
        pup_checkup_add(checkup, PUP_FINDING_DAMAGE, g_strdup("store"),
                        g_strdup(why->message), g_strdup("restore it from a backup"));
        return;
    }
    for (char **name = names; *name; name++) {
        check_name(checkup, kind, *name);
        if (kind == PUP_KIND_ROOM && rooms &&
            !g_strv_contains((const char *const *) rooms, *name) &&
            !pup_check_is_renamed(checkup, *name))
            check_orphan(checkup, *name);
    }
}

void
pup_check_versions(PupCheckup *checkup)
{
    check_kind(checkup, PUP_KIND_MASTER);
    check_kind(checkup, PUP_KIND_ROOM);
}
