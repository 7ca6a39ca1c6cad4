/* SPDX-License-Identifier: GPL-3.0-or-later */
/* serving - whether pupitred is there to do what the command leaves to it */
#pragma once

#include "server/cli/cli.h"

/* Say that nothing will happen until the daemon is started, where it does not answer. */
void pup_cli_note_serving(const PupCli *cli);
