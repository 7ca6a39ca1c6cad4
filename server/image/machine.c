/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/machine.h"

#include "lib/error.h"

#define TEMPLATE PUP_PKGDATADIR "/templates/workshop.xml"

typedef struct {
    PupVirt *virt;
    const PupMachine *machine;
} Job;

static PupVirtDomain *
try_with(gpointer data, PupVirtKvm kvm, GError **error)
{
    Job *job = data;
    PupMachine made = *job->machine;
    g_autofree char *xml = NULL;

    made.kvm = kvm != PUP_VIRT_KVM_NONE;
    made.hyperv = kvm == PUP_VIRT_KVM_HYPERV;
    made.emulator = pup_virt_emulator(job->virt);
    xml = pup_machine_xml(TEMPLATE, &made, error);
    return xml ? pup_virt_start(job->virt, xml, error) : NULL;
}

/* What KVM refuses comes as QEMU's or libvirt's words, which differ from one version to
 * the next: so all that may be one is tried without. */
static gboolean
may_be_refusal(const GError *error)
{
    return g_error_matches(error, PUP_ERROR, PUP_ERROR_IO) ||
           g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID) ||
           g_error_matches(error, PUP_ERROR, PUP_ERROR_UNSUPPORTED);
}

static void
say_lowered(const PupWorkshop *shop, PupVirtKvm kvm, const GError *refusal)
{
    g_autofree char *text = NULL;

    if (!shop->note)
        return;
    text = g_strdup_printf(
        "%s; %s", refusal->message,
        kvm == PUP_VIRT_KVM_PLAIN
            ? "it runs without Hyper-V's flags, which KVM does not have here"
            : "it runs without KVM, in software, which takes many times as long");
    shop->note(text);
}

PupVirtDomain *
pup_machine_try(PupMachineTry try, gpointer data, gboolean hyperv, PupVirtKvm *kvm,
                GError **refusal)
{
    PupVirtDomain *domain = try(data, *kvm, refusal);
    PupVirtKvm less = *kvm;

    while (!domain && less != PUP_VIRT_KVM_NONE && may_be_refusal(*refusal)) {
        less = less == PUP_VIRT_KVM_HYPERV && hyperv ? PUP_VIRT_KVM_PLAIN
                                                     : PUP_VIRT_KVM_NONE;
        domain = try(data, less, NULL);
    }
    if (domain)
        *kvm = less;
    return domain;
}

PupVirtDomain *
pup_machine_start(const PupWorkshop *shop, PupVirt *virt, const PupMachine *machine,
                  GError **error)
{
    Job job = {virt, machine};
    PupVirtKvm kvm = pup_virt_kvm(virt);
    g_autoptr(GError) refusal = NULL;
    PupVirtDomain *domain =
        pup_machine_try(try_with, &job, machine->guest->hyperv, &kvm, &refusal);

    if (!domain) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return NULL;
    }
    if (refusal) {
        say_lowered(shop, kvm, refusal);
        pup_virt_lower_kvm(virt, kvm);
    }
    return domain;
}
