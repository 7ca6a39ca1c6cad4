/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * import - what `master import` and `master update` share
 */
#pragma once

#include "server/cli/cli.h"

/* Import @file (@format: NULL probes) as the next version of master @name, with a
 * progress bar, and say what came of it; *@report of it, too. */
gboolean pup_cli_import(PupCli *cli, const char *name, const char *file,
                        const char *format, PupPublishReport *report, GError **error);

/* The help of their --format. */
#define PUP_CLI_FORMAT_HELP                                                              \
    "Format of FILE: raw, qcow2, vmdk, vdi, vhdx, vpc, qcow (probed)"
