/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/boot/dnsmasq.h"

#include <arpa/inet.h>
#include "lib/error.h"
#include "lib/template.h"

static gboolean
parse_ipv4(const char *what, const char *text, struct in_addr *addr, GError **error)
{
    if (text && inet_pton(AF_INET, text, addr) == 1)
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID, "dnsmasq: %s: '%s' is not an IPv4 address",
                  what, text ? text : "");
    return FALSE;
}

static gboolean
network_of(const PupDnsmasqConf *conf, char network[INET_ADDRSTRLEN], GError **error)
{
    struct in_addr address, netmask;
    if (!parse_ipv4("address", conf->address, &address, error) ||
        !parse_ipv4("netmask", conf->netmask, &netmask, error))
        return FALSE;
    address.s_addr &= netmask.s_addr;
    inet_ntop(AF_INET, &address, network, INET_ADDRSTRLEN);
    return TRUE;
}

/* A range outside our own network would make dnsmasq silent without a word. */
static gboolean
check_range(const PupDnsmasqConf *conf, GError **error)
{
    struct in_addr address, netmask, first, last;
    if (!parse_ipv4("address", conf->address, &address, error) ||
        !parse_ipv4("netmask", conf->netmask, &netmask, error) ||
        !parse_ipv4("first", conf->range_first, &first, error) ||
        !parse_ipv4("last", conf->range_last, &last, error))
        return FALSE;
    if (((first.s_addr ^ address.s_addr) & netmask.s_addr) == 0 &&
        ((last.s_addr ^ address.s_addr) & netmask.s_addr) == 0 &&
        ntohl(first.s_addr) <= ntohl(last.s_addr))
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID,
                  "dnsmasq: the range %s - %s is not inside the network of %s/%s",
                  conf->range_first, conf->range_last, conf->address, conf->netmask);
    return FALSE;
}

/* The template knows all keys in every mode: one that is not used is empty. */
static void
set(PupVars *vars, const char *key, const char *text)
{
    pup_vars_set(vars, key, text ? text : "");
}

char *
pup_dnsmasq_conf(const PupBootSite *site, const PupDnsmasqConf *conf, GError **error)
{
    char network[INET_ADDRSTRLEN];
    if (!network_of(conf, network, error))
        return NULL;
    if (conf->own && !check_range(conf, error))
        return NULL;
    g_autoptr(PupVars) vars = pup_vars_new();
    pup_vars_flag(vars, "own", conf->own);
    pup_vars_flag(vars, "proxy", !conf->own);
    pup_vars_flag(vars, "root", conf->as_root);
    pup_vars_flag(vars, "router", conf->router != NULL);
    pup_vars_flag(vars, "dns", conf->dns != NULL);
    pup_vars_flag(vars, "adverts", conf->router_adverts);
    set(vars, "interface", conf->interface);
    set(vars, "address", conf->address);
    set(vars, "netmask", conf->netmask);
    set(vars, "network", network);
    set(vars, "tftp_root", conf->tftp_root);
    set(vars, "url", site->url);
    set(vars, "first", conf->range_first);
    set(vars, "last", conf->range_last);
    pup_vars_setf(vars, "lease_s", "%u", conf->lease_s);
    set(vars, "lease_file", conf->lease_file);
    set(vars, "router_address", conf->router);
    set(vars, "dns_address", conf->dns);
    g_autofree char *path =
        g_build_filename(site->data_dir, "templates", "dnsmasq.conf", NULL);
    return pup_template_render_file(path, PUP_ESCAPE_CONF, vars, error);
}
