/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/image/virt_private.h"

#include <stdlib.h>

/* TRUE when @domain is a domain of @settings' server whose process is dead. */
static gboolean
is_left(const PupSettings *settings, virDomainPtr domain)
{
    g_auto(PupVirtFacts) facts = {0};

    return g_str_has_prefix(virDomainGetName(domain), PUP_VIRT_NAME_PREFIX) &&
           pup_virt_read_facts(domain, &facts, NULL) &&
           g_strcmp0(facts.owner.state_dir, settings->state_dir) == 0 &&
           facts.owner.place && !pup_virt_place_is_wanted(settings, facts.owner.place);
}

static gboolean
sweep_daemon(const PupSettings *settings, gboolean dry_run, unsigned *n, GError **error)
{
    virConnectPtr connection = pup_virt_connect_daemon(settings, error);
    virDomainPtr *domains = NULL;
    int n_domains;

    if (!connection)
        return FALSE;
    n_domains =
        virConnectListAllDomains(connection, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    if (n_domains < 0)
        pup_virt_set_error(error, "cannot list the virtual machines of '%s'",
                           settings->libvirt_uri);
    for (int i = 0; i < n_domains; i++) {
        if (is_left(settings, domains[i])) {
            if (!dry_run)
                virDomainDestroy(domains[i]);
            (*n)++;
        }
        virDomainFree(domains[i]);
    }
    free(domains);
    virConnectClose(connection);
    return n_domains >= 0;
}

gboolean
pup_virt_sweep(const PupSettings *settings, gboolean dry_run, unsigned *n, GError **error)
{
    *n = 0;
    if (settings->libvirt_uri && !sweep_daemon(settings, dry_run, n, error))
        return FALSE;
    *n += pup_virt_places_sweep(settings, dry_run);
    return TRUE;
}
