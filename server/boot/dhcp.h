/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dhcp - what the settings say about DHCP, put into effect
 *
 * Fills STATE/tftp, renders STATE/run/dnsmasq.conf and has dnsmasq run with it; where the
 * configuration says `off`, nothing of that runs. Thread of the default main context.
 */
#pragma once

#include "server/boot/boot.h"
#include "server/boot/dnsmasq_child.h"
#include "server/settings.h"

typedef struct PupDhcp PupDhcp;

/* @on_line gets each line of dnsmasq's log. Starts nothing yet. */
PupDhcp *pup_dhcp_new(PupDnsmasqLine on_line, gpointer data);
/* Put @settings into effect: dnsmasq is started, left alone (its configuration is the
 * same), started anew or stopped. Errors: INVALID, NOT_FOUND (interface, ipxe package),
 * those of writing files; then everything runs on as before. */
gboolean pup_dhcp_apply(PupDhcp *dhcp, const PupBootSite *site,
                        const PupSettings *settings, GError **error);
/* Stop and free. */
void pup_dhcp_free(PupDhcp *dhcp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupDhcp, pup_dhcp_free)
