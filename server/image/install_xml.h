/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * install_xml - what systems to install need: their machine, and the answers to the setup
 * of Windows: template and what the admin wants in, text out
 *
 * templates/autounattend.xml uses these texts, all of them
 *
 *     language driver_folder image_index product_key user password
 *
 * and these flags
 *
 *     uefi secure tpm      firmware (secure implies uefi)
 *     windows client       a Windows; that is no server
 *     drivers              there is a disc with drivers
 *     index                which of the disc's editions is told by number
 *
 * Pure, but that it reads the template; any thread.
 */
#pragma once

#include "lib/guest.h"
#include "lib/needs.h"

typedef enum { PUP_OS_WIN10, PUP_OS_WIN11, PUP_OS_WINSERVER, PUP_OS_LINUX } PupInstallOs;

/* The reverse of "win10", "win11", "winserver", "linux"; FALSE for an unknown word. */
gboolean pup_install_os_parse(const char *word, PupInstallOs *os);
gboolean pup_install_os_is_windows(PupInstallOs os);
/* The firmware that @os is installed with unless told: uefi-secure for win11, else uefi.
 */
PupFirmware pup_install_os_firmware(PupInstallOs os);

/* The settings of the machine that @os is installed in, as of a room: those of a seat's
 * guest, a TPM for win11, enlightenments for a Windows. */
void pup_install_os_guest(PupInstallOs os, PupFirmware firmware, PupGuest *guest);
/* What a disk needs that @os was installed on in that machine. */
void pup_install_os_needs(PupInstallOs os, PupFirmware firmware, PupNeeds *needs);

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
