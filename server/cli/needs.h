/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * needs - the options that say what a master's disk needs, and what is said about it
 *
 *     g_auto(PupCliNeeds) words = {NULL};
 *     const GOptionEntry options[] = {PUP_CLI_NEEDS_OPTIONS(words), {NULL}};
 *     pup_cli_needs_parse(&words, &change, &error)
 */
#pragma once

#include "server/cli/cli.h"

/* The words as they were given, NULL where nothing was; GOption's own strings. */
typedef struct {
    char *firmware, *disk, *clock, *tpm, *hyperv;
} PupCliNeeds;

#define PUP_CLI_NEEDS_OPTIONS(words)                                                     \
    {"firmware",                                                                         \
     0,                                                                                  \
     0,                                                                                  \
     G_OPTION_ARG_STRING,                                                                \
     &(words).firmware,                                                                  \
     "What its guest starts by: bios, uefi or uefi-secure",                              \
     "FIRMWARE"},                                                                        \
        {"disk-bus",                                                                     \
         0,                                                                              \
         0,                                                                              \
         G_OPTION_ARG_STRING,                                                            \
         &(words).disk,                                                                  \
         "How its guest sees the disk: virtio, sata or ide",                             \
         "BUS"},                                                                         \
        {"clock",                                                                        \
         0,                                                                              \
         0,                                                                              \
         G_OPTION_ARG_STRING,                                                            \
         &(words).clock,                                                                 \
         "Its guest's clock: utc, localtime or auto",                                    \
         "CLOCK"},                                                                       \
        {"tpm",   0, 0, G_OPTION_ARG_STRING, &(words).tpm, "Its guest wants a TPM",      \
         "yes|no"},                                                                      \
    {                                                                                    \
        "hyperv", 0, 0, G_OPTION_ARG_STRING, &(words).hyperv, "Its guest is a Windows",  \
            "yes|no"                                                                     \
    }

void pup_cli_needs_clear(PupCliNeeds *words);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PupCliNeeds, pup_cli_needs_clear)

/* What @words say; *@change says nothing where they say nothing. Errors: INVALID. */
gboolean pup_cli_needs_parse(const PupCliNeeds *words, PupNeedsChange *change,
                             GError **error);

/* Say what the disk of the new version @report of master @name is, and what rooms of it
 * will have. */
void pup_cli_say_needs(const PupCli *cli, const char *name,
                       const PupPublishReport *report);
