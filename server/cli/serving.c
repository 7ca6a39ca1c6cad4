/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/cli/serving.h"

#include "server/cli/out.h"

#define TIMEOUT_S 2

gboolean
pup_cli_is_serving(const PupSettings *settings, char **address)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketConnection) connection = NULL;
    const char *host = settings->address ? settings->address : "127.0.0.1";

    *address = g_strdup_printf("%s:%u", host, settings->port);
    g_socket_client_set_timeout(client, TIMEOUT_S);
    connection = g_socket_client_connect_to_host(client, host, (guint16) settings->port,
                                                 NULL, NULL);
    return connection != NULL;
}

void
pup_cli_note_serving(const PupCli *cli)
{
    g_autofree char *address = NULL;

    if (!cli->quiet && !pup_cli_is_serving(cli->settings, &address))
        pup_out_line("note: pupitred does it, and does not answer at %s: run `systemctl "
                     "start pupitred`",
                     address);
}
