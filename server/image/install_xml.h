/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * install_xml - the texts that an installation from an ISO needs: templates and what the
 * admin wants in, text out
 *
 * templates/install.xml, the virtual machine, uses these texts, all of them
 *
 *     name title memory_mib cpus emulator disk iso drivers_iso answers_iso loader
 *     nvram_template nvram
 *
 * templates/autounattend.xml, the answers to Windows' setup, these
 *
 *     language driver_folder image_index product_key user password
 *
 * and both of these flags those that they like
 *
 *     kvm                  runs in KVM
 *     uefi secure tpm      firmware (secure implies uefi)
 *     windows hyperv       a Windows; in KVM, with enlightenments
 *     client               a Windows that is no server
 *     drivers answers      there is such a disc
 *     index                which of the disc's editions is told by number
 *
 * Pure, but that it reads the template; any thread.
 */
#pragma once

#include "lib/guest.h"

typedef enum { PUP_OS_WIN10, PUP_OS_WIN11, PUP_OS_WINSERVER, PUP_OS_LINUX } PupInstallOs;

/* The reverse of "win10", "win11", "winserver", "linux"; FALSE for an unknown word. */
gboolean pup_install_os_parse(const char *word, PupInstallOs *os);
gboolean pup_install_os_is_windows(PupInstallOs os);
/* The firmware that @os is installed with unless told: uefi-secure for win11, else uefi.
 */
PupFirmware pup_install_os_firmware(PupInstallOs os);

/* Strings are borrowed. */
typedef struct {
    PupInstallOs os;
    PupFirmware firmware;
    gboolean kvm;
    unsigned cpus, memory_mib;
    const char *master;      /* its name */
    const char *emulator;    /* path of QEMU */
    const char *disk;        /* path, a qcow2 */
    const char *iso;         /* path */
    const char *drivers_iso; /* path or NULL */
    const char *answers_iso; /* path or NULL */
    const char *nvram;       /* path of the machine's own UEFI variables */
} PupInstallMachine;

/* Fill in the template @path. New string; errors: INVALID, those of reading. */
char *pup_install_machine_xml(const char *path, const PupInstallMachine *machine,
                              GError **error);

/* Strings are borrowed; NULL: the default. */
typedef struct {
    PupInstallOs os; /* a Windows */
    PupFirmware firmware;
    gboolean drivers;        /* there is a disc with VirtIO drivers */
    const char *language;    /* "en-US" */
    const char *product_key; /* Microsoft's own for volume licences, which activates
                                nothing: of Education, or of Server 2022 Standard */
    const char *user;        /* local administrator, "admin" */
    const char *password;    /* must be there */
} PupInstallAnswers;

/* Fill in the template @path. New string; errors: INVALID, those of reading. */
char *pup_install_answers_xml(const char *path, const PupInstallAnswers *answers,
                              GError **error);
