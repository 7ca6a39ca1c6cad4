/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/install_xml.h"

#include <string.h>

#include "lib/error.h"
#include "lib/template.h"

/* What differs between systems. */
static const struct {
    const char *word;
    const char *driver_folder; /* on the virtio-win disc */
    const char *product_key;
    const char *image_index; /* NULL: the product key says which edition */
    PupFirmware firmware;
    gboolean client;
} systems[] = {
    [PUP_OS_WIN10] = {"win10", "w10", "NW6C2-QMPVW-D7KKK-3GKT6-VCFB2", NULL,
                      PUP_FIRMWARE_UEFI, TRUE},
    [PUP_OS_WIN11] = {"win11", "w11", "NW6C2-QMPVW-D7KKK-3GKT6-VCFB2", NULL,
                      PUP_FIRMWARE_UEFI_SECURE, TRUE},
    /* 1 is Standard without, 2 with a desktop. */
    [PUP_OS_WINSERVER] = {"winserver", "2k22", "VDYBN-27WPP-V4HQT-9VMD4-VMK7H", "2",
                          PUP_FIRMWARE_UEFI, FALSE},
    [PUP_OS_LINUX] = {"linux", "", "", NULL, PUP_FIRMWARE_UEFI, FALSE},
};

gboolean
pup_install_os_parse(const char *word, PupInstallOs *os)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(systems); i++)
        if (strcmp(word, systems[i].word) == 0) {
            *os = (PupInstallOs) i;
            return TRUE;
        }
    return FALSE;
}

gboolean
pup_install_os_is_windows(PupInstallOs os)
{
    return os != PUP_OS_LINUX;
}

PupFirmware
pup_install_os_firmware(PupInstallOs os)
{
    return systems[os].firmware;
}

static void
set_flags(PupVars *vars, PupInstallOs os, PupFirmware firmware)
{
    pup_vars_flag(vars, "windows", pup_install_os_is_windows(os));
    pup_vars_flag(vars, "client", systems[os].client);
    pup_vars_flag(vars, "uefi", firmware != PUP_FIRMWARE_BIOS);
    pup_vars_flag(vars, "secure", firmware == PUP_FIRMWARE_UEFI_SECURE);
    pup_vars_flag(vars, "tpm", os == PUP_OS_WIN11);
}

void
pup_install_os_guest(PupInstallOs os, PupFirmware firmware, PupGuest *guest)
{
    pup_guest_defaults(guest);
    guest->firmware = firmware;
    guest->tpm = os == PUP_OS_WIN11;
    guest->hyperv = pup_install_os_is_windows(os);
}

void
pup_install_os_needs(PupInstallOs os, PupFirmware firmware, PupNeeds *needs)
{
    PupGuest guest;

    pup_install_os_guest(os, firmware, &guest);
    *needs = (PupNeeds){.firmware = guest.firmware,
                        .disk_bus = guest.disk_bus,
                        .clock = pup_install_os_is_windows(os) ? PUP_CLOCK_LOCALTIME
                                                               : PUP_CLOCK_UTC,
                        .tpm = guest.tpm,
                        .hyperv = guest.hyperv};
}

static const char *
or_default(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

char *
pup_install_answers_xml(const char *path, const PupInstallAnswers *answers,
                        GError **error)
{
    g_autoptr(PupVars) vars = pup_vars_new();
    PupInstallOs os = answers->os;

    set_flags(vars, os, answers->firmware);
    pup_vars_flag(vars, "drivers", answers->drivers);
    pup_vars_flag(vars, "index", systems[os].image_index != NULL);
    pup_vars_set(vars, "image_index", or_default(systems[os].image_index, ""));
    pup_vars_set(vars, "driver_folder", systems[os].driver_folder);
    pup_vars_set(vars, "product_key",
                 or_default(answers->product_key, systems[os].product_key));
    pup_vars_set(vars, "language", or_default(answers->language, "en-US"));
    pup_vars_set(vars, "user", or_default(answers->user, "admin"));
    pup_vars_set(vars, "password", answers->password);
    return pup_template_render_file(path, PUP_ESCAPE_XML, vars, error);
}
