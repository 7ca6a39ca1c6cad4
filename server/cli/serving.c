/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/cli/serving.h"

#include "server/cli/out.h"
#include "server/cli/probe.h"

void
pup_cli_note_serving(const PupCli *cli)
{
    g_autofree char *address = pup_probe_address(cli->settings);
    PupServes serves = cli->quiet ? PUP_SERVES : pup_probe(cli->settings);
    g_autofree char *words = pup_probe_words(serves, address);

    if (serves != PUP_SERVES)
        pup_out_line("note: pupitred does it, and %s", words);
}
