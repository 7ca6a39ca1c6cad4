/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * options - what pupitre-seat is told: by its command line, else by the kernel's
 */
#pragma once

#include <glib.h>

typedef struct {
    char *server; /* "http://ADDR:PORT" */
    char *mac;    /* "52:54:00:aa:bb:cc" */
    char *rundir;
    char *pubkey;       /* file of the key that manifests are signed with */
    char *plugin;       /* nbdkit's */
    char *overlay;      /* folder or block device; NULL: memory */
    char *disk_cache;   /* folder; NULL: the labelled partition, if there is one */
    char *kernel_line;  /* file */
    gboolean no_kvm;    /* emulate even where KVM works */
    gboolean probe_kvm; /* say whether KVM works, and end */
} PupSeatOptions;

/* Parse @argc and @argv, then the kernel line for server and MAC where they were not
 * given. Strings are new; free with pup_seat_options_clear(), whatever it returns.
 * Errors: INVALID. */
gboolean pup_seat_options_parse(PupSeatOptions *options, int *argc, char ***argv,
                                GError **error);
void pup_seat_options_clear(PupSeatOptions *options);
