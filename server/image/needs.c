/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/needs.h"

#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "server/image/chain.h"
#include "server/image/disk.h"
#include "server/image/workshop.h"

static gboolean
read_disk(gpointer data, guint64 offset, guint8 *buf, size_t len, GError **error)
{
    return pup_disk_read(data, offset, buf, len, error);
}

gboolean
pup_look_file(const PupWorkshop *shop, const char *path, PupLook *look, GError **error)
{
    g_autoptr(PupDisk) disk =
        pup_disk_open(shop->settings, path, 1, shop->cancellable, error);
    g_autoptr(PupDiskReader) reader = disk ? pup_disk_reader_new(disk, error) : NULL;
    const PupFatSource source = {.read = read_disk, .data = reader};

    return reader && pup_look_at(&source, look, error);
}

static gboolean
look_at_master(const PupWorkshop *shop, const PupManifest *master, PupLook *look,
               GError **error)
{
    g_autofree char *path = pup_master_path(shop, master->name, master->version);

    return pup_look_file(shop, path, look, error);
}

gboolean
pup_master_needs(const PupWorkshop *shop, const PupManifest *master, PupNeeds *needs,
                 GError **error)
{
    g_autoptr(PupManifest) newest = NULL;
    PupLook look;

    if (!pup_workshop_current(shop, PUP_KIND_MASTER, master->name, &newest, error))
        return FALSE;
    if (newest && newest->has_needs && pup_workshop_same_disk(newest, master)) {
        *needs = newest->needs;
        return TRUE;
    }
    if (master->has_needs) {
        *needs = master->needs;
        return TRUE;
    }
    if (!look_at_master(shop, master, &look, error))
        return FALSE;
    pup_look_needs(&look, NULL, needs);
    return TRUE;
}

static void
set_misfit(const PupManifest *master, const char *room, PupFirmware has,
           PupFirmware needs, GError **error)
{
    pup_error_set(
        error, PUP_ERROR_INVALID,
        "room '%s' has firmware = %s, under which the disk of master %s@%u does "
        "not start: write firmware = %s with `pupitre room edit %s`, or, if it "
        "does, say so with `pupitre master set %s --firmware %s`",
        room, pup_firmware_name(has), master->name, master->version,
        pup_firmware_name(needs), room, master->name, pup_firmware_name(has));
}

/* Whose word is missing, or cannot be had, that passes: what is wrong with the master's
 * file is told by whoever needs it. */
gboolean
pup_needs_check(const PupWorkshop *shop, const PupManifest *master, const char *room,
                const PupRoomProfile *profile, GError **error)
{
    PupFirmware has = profile->guest.firmware;
    PupNeeds needs;
    PupLook look;

    if (!pup_master_needs(shop, master, &needs, NULL) ||
        pup_firmware_is_uefi(needs.firmware) == pup_firmware_is_uefi(has))
        return TRUE;
    /* A disk may start under both, or tell nothing. */
    if (!look_at_master(shop, master, &look, NULL) || !pup_look_refuses(&look, has))
        return TRUE;
    set_misfit(master, room, has, needs.firmware, error);
    return FALSE;
}

/* The version that counts for @room; NULL where there is none. */
static PupManifest *
master_of_room(const PupWorkshop *shop, const char *room, const PupRoomProfile *profile)
{
    g_autofree char *path = pup_room_path(shop, room);
    g_auto(PupChain) chain = {0};

    if (access(path, F_OK) == 0 && pup_chain_read(shop, path, &chain, NULL) &&
        strcmp(chain.master, profile->master) == 0)
        return pup_workshop_manifest(shop, PUP_KIND_MASTER, chain.master,
                                     chain.master_version, NULL);
    return pup_workshop_manifest(shop, PUP_KIND_MASTER, profile->master,
                                 profile->master_version, NULL);
}

gboolean
pup_needs_check_room(const PupWorkshop *shop, const char *room,
                     const PupRoomProfile *profile, GError **error)
{
    g_autoptr(PupManifest) master = master_of_room(shop, room, profile);

    return !master || pup_needs_check(shop, master, room, profile, error);
}

static void
say_one(const PupWorkshop *shop, const PupManifest *master, const char *room,
        const char *has, const char *needs)
{
    g_autofree char *text = g_strdup_printf(
        "room '%s' has %s, and master %s@%u needs %s: see `pupitre room "
        "edit %s` or `pupitre master set %s`",
        room, has, master->name, master->version, needs, room, master->name);

    shop->note(text);
}

void
pup_needs_say(const PupWorkshop *shop, const PupManifest *master, const char *room,
              const PupRoomProfile *profile)
{
    g_autofree char *bus_has = NULL, *bus_needs = NULL;
    PupNeeds needs, has;

    pup_room_profile_needs(profile, &has);
    if (!shop->note || !master->has_needs ||
        !pup_master_needs(shop, master, &needs, NULL))
        return;
    if (needs.tpm && !has.tpm)
        say_one(shop, master, room, "tpm = no", "tpm = yes");
    if (needs.firmware == PUP_FIRMWARE_UEFI_SECURE && has.firmware == PUP_FIRMWARE_UEFI)
        say_one(shop, master, room, "firmware = uefi", "firmware = uefi-secure");
    if (needs.disk_bus == has.disk_bus)
        return;
    bus_has = g_strdup_printf("disk = %s", pup_disk_bus_name(has.disk_bus));
    bus_needs = g_strdup_printf("disk = %s", pup_disk_bus_name(needs.disk_bus));
    say_one(shop, master, room, bus_has, bus_needs);
}
