/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/boot/dhcp.h"

#include <string.h>
#include "lib/error.h"
#include "lib/file.h"
#include "server/boot/dnsmasq.h"
#include "server/boot/loaders.h"
#include "server/boot/netif.h"

struct PupDhcp {
    PupDnsmasqLine on_line;
    gpointer data;
    PupDnsmasqChild *child; /* NULL: mode off */
    char *text;             /* the configuration it runs with */
};

PupDhcp *
pup_dhcp_new(PupDnsmasqLine on_line, gpointer data)
{
    PupDhcp *dhcp = g_new0(PupDhcp, 1);
    dhcp->on_line = on_line;
    dhcp->data = data;
    return dhcp;
}

static void
stop(PupDhcp *dhcp)
{
    g_clear_pointer(&dhcp->child, pup_dnsmasq_child_free);
    g_clear_pointer(&dhcp->text, g_free);
}

void
pup_dhcp_free(PupDhcp *dhcp)
{
    if (!dhcp)
        return;
    stop(dhcp);
    g_free(dhcp);
}

/* dnsmasq.conf for @settings; what they leave out is the interface's. */
static char *
render(const PupBootSite *site, const PupSettings *settings, GError **error)
{
    PupNetif netif;
    if (!pup_netif_find(settings->interface, &netif, error))
        return NULL;
    g_autofree char *tftp = pup_settings_path(settings, "tftp");
    g_autofree char *leases = pup_settings_path(settings, "run/dnsmasq.leases");
    PupDnsmasqConf conf = {
        .own = settings->dhcp == PUP_DHCP_OWN,
        .as_root = !pup_loaders_public(tftp),
        .interface = settings->interface,
        .address = settings->address ? settings->address : netif.address,
        .netmask = settings->netmask ? settings->netmask : netif.netmask,
        .tftp_root = tftp,
        .range_first = settings->range_first,
        .range_last = settings->range_last,
        .lease_s = settings->lease_s,
        .lease_file = leases,
        .router = settings->router,
        .dns = settings->dns,
        .router_adverts = netif.has_ipv6,
    };
    return pup_dnsmasq_conf(site, &conf, error);
}

/* Write the configuration @text and run dnsmasq with it. */
static gboolean
run(PupDhcp *dhcp, const PupSettings *settings, char *text, GError **error)
{
    g_autofree char *dir = pup_settings_path(settings, "run");
    g_autofree char *conf = g_build_filename(dir, "dnsmasq.conf", NULL);
    g_autofree char *pid = g_build_filename(dir, "dnsmasq.pid", NULL);
    if (!pup_file_make_dir(dir, error) ||
        !pup_file_replace(conf, text, strlen(text), 0644, error))
        return FALSE;
    if (!dhcp->child)
        dhcp->child = pup_dnsmasq_child_new(conf, pid, dhcp->on_line, dhcp->data);
    g_free(dhcp->text);
    dhcp->text = g_strdup(text);
    pup_dnsmasq_child_start(dhcp->child);
    return TRUE;
}

gboolean
pup_dhcp_apply(PupDhcp *dhcp, const PupBootSite *site, const PupSettings *settings,
               GError **error)
{
    g_autofree char *tftp = pup_settings_path(settings, "tftp");

    if (settings->dhcp == PUP_DHCP_OFF) {
        stop(dhcp);
        /* For the site's own server, which may do without: no reason to serve nobody. */
        pup_loaders_prepare(tftp, NULL);
        return TRUE;
    }
    if (!settings->interface) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "%s: [dhcp] interface is not set: name the network card that the "
                      "PCs are on, or say 'mode = off'",
                      settings->path);
        return FALSE;
    }
    if (!pup_loaders_prepare(tftp, error))
        return FALSE;
    g_autofree char *text = render(site, settings, error);
    if (!text)
        return FALSE;
    if (dhcp->child && g_str_equal(text, dhcp->text))
        return TRUE;
    return run(dhcp, settings, text, error);
}
