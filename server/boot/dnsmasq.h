/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dnsmasq - its configuration: struct in, text out
 *
 * One template, templates/dnsmasq.conf, for both ways of serving DHCP: alone (own), or
 * beside the site's own server (proxy). Pure but for reading the template; any thread.
 */
#pragma once

#include "server/boot/boot.h"

/* Borrowed strings; addresses are dotted IPv4. */
typedef struct {
    gboolean own;          /* TRUE: the only DHCP server; FALSE: proxyDHCP */
    gboolean as_root;      /* do not drop privileges: the TFTP files are private */
    const char *interface; /* to serve */
    const char *address;   /* of this server on it */
    const char *netmask;
    const char *tftp_root; /* folder of the first loaders */
    /* own only */
    const char *range_first, *range_last;
    unsigned lease_s;
    const char *lease_file;
    const char *router;      /* NULL: none is handed out */
    const char *dns;         /* NULL: none is handed out */
    gboolean router_adverts; /* the interface has an IPv6 network: advertise it, which
                                saves iPXE its wait for a router */
} PupDnsmasqConf;

/* The text of dnsmasq.conf; new string. Errors: INVALID (a value is missing or cannot be
 * written safely, the address is not one), those of reading the template. */
char *pup_dnsmasq_conf(const PupBootSite *site, const PupDnsmasqConf *conf,
                       GError **error);
