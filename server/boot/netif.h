/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netif - the addresses of a network interface, where the configuration is silent
 */
#pragma once

#include <glib.h>

typedef struct {
    char address[16]; /* its first IPv4 address, dotted */
    char netmask[16];
    gboolean has_ipv6; /* an IPv6 address that is not link-local */
} PupNetif;

/* Look @name up. Errors: NOT_FOUND (no such interface, or it has no IPv4 address; the
 * message says which), IO. */
gboolean pup_netif_find(const char *name, PupNetif *netif, GError **error);
