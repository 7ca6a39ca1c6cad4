/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * import - what `master import` and `master update` share
 */
#pragma once

#include "server/cli/cli.h"
#include "server/cli/needs.h"

/* Where the disk comes from: a file, or a domain of libvirt. GOption's own strings. */
typedef struct {
    char *format; /* of the file; NULL probes */
    char *domain;
    char *disk; /* of the domain, or of a file that holds several; NULL: the only one */
    PupCliNeeds words;
    PupNeedsChange needs; /* what those say */
} PupCliImport;

void pup_cli_import_clear(PupCliImport *from);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PupCliImport, pup_cli_import_clear)

/* Parse the command's options into @from; *@argv keeps NAME and perhaps FILE. Errors:
 * INVALID. */
gboolean pup_cli_import_parse(PupCli *cli, PupCliImport *from, char ***argv,
                              GError **error);

/* Import as the next version of master @args[0], from @args[1] or the domain, with a
 * progress bar, and say what came of it; *@report of it, too. */
gboolean pup_cli_import(PupCli *cli, char **args, const PupCliImport *from,
                        PupPublishReport *report, GError **error);
