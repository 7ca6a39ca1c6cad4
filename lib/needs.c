/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/needs.h"

#include <string.h>

#include "lib/error.h"

void
pup_needs_defaults(PupNeeds *needs)
{
    PupGuest guest;

    pup_guest_defaults(&guest);
    *needs = (PupNeeds){.firmware = guest.firmware,
                        .disk_bus = guest.disk_bus,
                        .clock = PUP_CLOCK_AUTO,
                        .tpm = guest.tpm,
                        .hyperv = guest.hyperv};
}

gboolean
pup_needs_equal(const PupNeeds *a, const PupNeeds *b)
{
    return a->firmware == b->firmware && a->disk_bus == b->disk_bus &&
           a->clock == b->clock && !a->tpm == !b->tpm && !a->hyperv == !b->hyperv;
}

static const char *
yes_or_no(gboolean on)
{
    return on ? "yes" : "no";
}

char *
pup_needs_text(const PupNeeds *needs)
{
    return g_strdup_printf(
        "firmware = %s, disk = %s, clock = %s, tpm = %s, hyperv = %s",
        pup_firmware_name(needs->firmware), pup_disk_bus_name(needs->disk_bus),
        pup_clock_name(needs->clock), yes_or_no(needs->tpm), yes_or_no(needs->hyperv));
}

gboolean
pup_firmware_is_uefi(PupFirmware firmware)
{
    return firmware != PUP_FIRMWARE_BIOS;
}

static gboolean
parse_switch(const char *word, gboolean *on)
{
    *on = strcmp(word, "yes") == 0;
    return *on || strcmp(word, "no") == 0;
}

static gboolean
set_firmware(PupNeeds *needs, const char *word)
{
    return pup_firmware_parse(word, &needs->firmware);
}

static gboolean
set_disk(PupNeeds *needs, const char *word)
{
    return pup_disk_bus_parse(word, &needs->disk_bus);
}

static gboolean
set_clock(PupNeeds *needs, const char *word)
{
    return pup_clock_parse(word, &needs->clock);
}

static gboolean
set_tpm(PupNeeds *needs, const char *word)
{
    return parse_switch(word, &needs->tpm);
}

static gboolean
set_hyperv(PupNeeds *needs, const char *word)
{
    return parse_switch(word, &needs->hyperv);
}

gboolean
pup_needs_change_set(PupNeedsChange *change, const char *key, const char *word,
                     GError **error)
{
    static const struct {
        const char *key;
        PupNeedKeys bit;
        gboolean (*set)(PupNeeds *needs, const char *word);
        const char *words;
    } keys[] = {
        {"firmware", PUP_NEED_FIRMWARE, set_firmware, "bios, uefi or uefi-secure"},
        {"disk", PUP_NEED_DISK, set_disk, "virtio, sata or ide"},
        {"clock", PUP_NEED_CLOCK, set_clock, "auto, utc or localtime"},
        {"tpm", PUP_NEED_TPM, set_tpm, "yes or no"},
        {"hyperv", PUP_NEED_HYPERV, set_hyperv, "yes or no"},
    };
    PupNeeds needs = change->needs;
    unsigned i = 0;

    while (i < G_N_ELEMENTS(keys) && strcmp(keys[i].key, key) != 0)
        i++;
    g_return_val_if_fail(i < G_N_ELEMENTS(keys), FALSE);
    if (!keys[i].set(&needs, word)) {
        pup_error_set(error, PUP_ERROR_INVALID, "%s: '%s' is not %s", key, word,
                      keys[i].words);
        return FALSE;
    }
    change->needs = needs;
    change->set |= keys[i].bit;
    return TRUE;
}

void
pup_needs_change_all(PupNeedsChange *change, const PupNeeds *needs)
{
    change->needs = *needs;
    change->set = PUP_NEED_FIRMWARE | PUP_NEED_DISK | PUP_NEED_CLOCK | PUP_NEED_TPM |
                  PUP_NEED_HYPERV;
}

void
pup_needs_change_merge(PupNeedsChange *change, const PupNeedsChange *over)
{
    pup_needs_change_apply(over, &change->needs);
    change->set |= over->set;
}

void
pup_needs_change_apply(const PupNeedsChange *change, PupNeeds *needs)
{
    if (change->set & PUP_NEED_FIRMWARE)
        needs->firmware = change->needs.firmware;
    if (change->set & PUP_NEED_DISK)
        needs->disk_bus = change->needs.disk_bus;
    if (change->set & PUP_NEED_CLOCK)
        needs->clock = change->needs.clock;
    if (change->set & PUP_NEED_TPM)
        needs->tpm = change->needs.tpm;
    if (change->set & PUP_NEED_HYPERV)
        needs->hyperv = change->needs.hyperv;
}
