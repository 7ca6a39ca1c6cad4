/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/launch.h"

static gboolean
launch_once(const char *template, const PupDomainSpec *spec, PupLaunchFunc start,
            gpointer user, GError **error)
{
    g_autofree char *xml = pup_domain_xml(template, spec, error);

    return xml && start(user, xml, error);
}

gboolean
pup_launch(const char *template, PupDomainSpec *spec, PupLaunchFunc start, gpointer user,
           char **refused, GError **error)
{
    g_autoptr(GError) problem = NULL;
    PupDomainSpec plain = *spec;

    if (launch_once(template, spec, start, user, &problem))
        return TRUE;
    plain.kvm &= ~(PupKvmFeatures) PUP_KVM_HYPERV;
    if (!spec->guest->hyperv || plain.kvm == spec->kvm ||
        !launch_once(template, &plain, start, user, NULL)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    spec->kvm = plain.kvm;
    *refused = g_strdup(problem->message);
    return TRUE;
}
