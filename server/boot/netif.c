/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/boot/netif.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include "lib/error.h"

typedef struct ifaddrs IfAddrs;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IfAddrs, freeifaddrs)

static void
take(const struct ifaddrs *ifa, PupNetif *netif)
{
    if (ifa->ifa_addr->sa_family == AF_INET && !netif->address[0]) {
        const struct sockaddr_in *sin = (const struct sockaddr_in *) ifa->ifa_addr;
        const struct sockaddr_in *mask = (const struct sockaddr_in *) ifa->ifa_netmask;
        inet_ntop(AF_INET, &sin->sin_addr, netif->address, sizeof netif->address);
        inet_ntop(AF_INET, &mask->sin_addr, netif->netmask, sizeof netif->netmask);
    } else if (ifa->ifa_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *) ifa->ifa_addr;
        if (!IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr) &&
            !IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr))
            netif->has_ipv6 = TRUE;
    }
}

gboolean
pup_netif_find(const char *name, PupNetif *netif, GError **error)
{
    g_autoptr(IfAddrs) list = NULL;
    PupNetif found = {0};
    if (getifaddrs(&list) < 0) {
        pup_error_set_errno(error, errno, "cannot list the network interfaces");
        return FALSE;
    }
    for (const struct ifaddrs *ifa = list; ifa; ifa = ifa->ifa_next)
        if (ifa->ifa_addr && ifa->ifa_netmask && g_str_equal(ifa->ifa_name, name))
            take(ifa, &found);
    if (!found.address[0]) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND,
                      if_nametoindex(name) ? "interface '%s' has no IPv4 address"
                                           : "there is no network interface '%s'",
                      name);
        return FALSE;
    }
    *netif = found;
    return TRUE;
}
