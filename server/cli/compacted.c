/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/compacted.h"

void
pup_cli_say_compacted(const PupCli *cli, const char *label,
                      const PupCompactReport *report)
{
    g_autofree char *before = pup_bytes_format(report->before_bytes);
    g_autofree char *after = pup_bytes_format(report->after_bytes);

    if (cli->dry_run)
        pup_cli_say(cli, "compact %s: %s now, at most %s after", label, before, after);
    else if (report->no_gain)
        pup_cli_say(cli, "%s takes %s, and no less after: left as it was", label, before);
    else
        pup_cli_say(cli, "%s: %s before, %s after", label, before, after);
}
