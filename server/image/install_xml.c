/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/install_xml.h"

#include <string.h>

#include "lib/error.h"
#include "lib/template.h"

#define OVMF "/usr/share/OVMF/"

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

/* A disc that is there or not; the text must be set for the section that is off, too. */
static void
set_disc(PupVars *vars, const char *flag, const char *key, const char *path)
{
    pup_vars_flag(vars, flag, path != NULL);
    pup_vars_set(vars, key, path ? path : "");
}

char *
pup_install_machine_xml(const char *path, const PupInstallMachine *machine,
                        GError **error)
{
    g_autoptr(PupVars) vars = pup_vars_new();
    gboolean secure = machine->firmware == PUP_FIRMWARE_UEFI_SECURE;

    set_flags(vars, machine->os, machine->firmware);
    pup_vars_flag(vars, "kvm", machine->kvm);
    pup_vars_flag(vars, "hyperv", machine->kvm && pup_install_os_is_windows(machine->os));
    pup_vars_setf(vars, "name", "pupitre-install-%s", machine->master);
    pup_vars_setf(vars, "title", "Pupitre installs master %s", machine->master);
    pup_vars_setf(vars, "memory_mib", "%u", machine->memory_mib);
    pup_vars_setf(vars, "cpus", "%u", machine->cpus);
    pup_vars_set(vars, "emulator", machine->emulator);
    pup_vars_set(vars, "disk", machine->disk);
    pup_vars_set(vars, "iso", machine->iso);
    pup_vars_set(vars, "nvram", machine->nvram);
    set_disc(vars, "drivers", "drivers_iso", machine->drivers_iso);
    set_disc(vars, "answers", "answers_iso", machine->answers_iso);
    pup_vars_set(vars, "loader",
                 secure ? OVMF "OVMF_CODE_4M.ms.fd" : OVMF "OVMF_CODE_4M.fd");
    pup_vars_set(vars, "nvram_template",
                 secure ? OVMF "OVMF_VARS_4M.ms.fd" : OVMF "OVMF_VARS_4M.fd");
    return pup_template_render_file(path, PUP_ESCAPE_XML, vars, error);
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
