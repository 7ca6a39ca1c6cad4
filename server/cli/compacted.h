/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compacted - what `master compact` and `room compact` say
 */
#pragma once

#include "server/cli/cli.h"
#include "server/image/compact.h"

/* Say what came of compacting @label, "win11@3" or "lab-101". */
void pup_cli_say_compacted(const PupCli *cli, const char *label,
                           const PupCompactReport *report);
