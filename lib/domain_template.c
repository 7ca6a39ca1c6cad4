/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/domain_template.h"

/* As Debian's package ovmf has it; .ms: with Microsoft's keys. */
#define OVMF "/usr/share/OVMF/"

static void
set_firmware(const PupGuest *guest, PupVars *vars)
{
    gboolean secure = guest->firmware == PUP_FIRMWARE_UEFI_SECURE;
    gboolean uefi = secure || guest->firmware == PUP_FIRMWARE_UEFI;

    pup_vars_flag(vars, "uefi", uefi);
    pup_vars_flag(vars, "secure", secure);
    pup_vars_set(vars, "loader",
                 secure ? OVMF "OVMF_CODE_4M.ms.fd" : OVMF "OVMF_CODE_4M.fd");
    pup_vars_set(vars, "nvram_template",
                 secure ? OVMF "OVMF_VARS_4M.ms.fd" : OVMF "OVMF_VARS_4M.fd");
}

void
pup_guest_set_vars(const PupGuest *guest, PupVars *vars)
{
    set_firmware(guest, vars);
    pup_vars_flag(vars, "virtio", guest->disk_bus == PUP_DISK_VIRTIO);
    pup_vars_flag(vars, "sata", guest->disk_bus == PUP_DISK_SATA);
    pup_vars_flag(vars, "ide", guest->disk_bus == PUP_DISK_IDE);
    pup_vars_flag(vars, "qxl", guest->display == PUP_DISPLAY_QXL);
    pup_vars_flag(vars, "virtio_gpu", guest->display == PUP_DISPLAY_VIRTIO);
    pup_vars_flag(vars, "vga", guest->display == PUP_DISPLAY_VGA);
    pup_vars_flag(vars, "tpm", guest->tpm);
    pup_vars_flag(vars, "sound", guest->sound);
    pup_vars_flag(vars, "usb", guest->usb != PUP_USB_NONE);
    pup_vars_flag(vars, "agent", guest->agent);
}

char *
pup_domain_template_settle(const char *text, const PupRoomProfile *profile,
                           const char *rule, GError **error)
{
    g_autoptr(PupVars) vars = pup_vars_new();

    g_return_val_if_fail(pup_room_profile_wants_local_time(profile) == (rule != NULL),
                         NULL);
    pup_vars_flag(vars, "localtime", rule != NULL);
    pup_vars_flag(vars, "bridge", profile->guest.net == PUP_NET_BRIDGE);
    pup_vars_flag(vars, "kept", profile->guest.kept);
    pup_vars_flag(vars, "shares", profile->shares != NULL);
    if (profile->shares)
        pup_vars_set(vars, "shares", profile->shares);
    if (rule)
        pup_vars_set(vars, "timezone", rule);
    return pup_template_settle("domain.xml", text, PUP_ESCAPE_XML, vars, error);
}
