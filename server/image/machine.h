/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * machine - start a virtual machine of the workshop with as much of KVM as there is
 *
 * KVM may be there and refuse all the same: Hyper-V's flags, where the server is itself a
 * virtual machine, or guests altogether. What it refuses is left out, first those flags,
 * then KVM, and said once by shop->note.
 */
#pragma once

#include "server/image/image.h"
#include "server/image/machine_xml.h"
#include "server/image/virt.h"

/* Start @machine, whose kvm, hyperv and emulator are set here. Errors: those of
 * pup_machine_xml() and pup_virt_start(), of the first try. */
PupVirtDomain *pup_machine_start(const PupWorkshop *shop, PupVirt *virt,
                                 const PupMachine *machine, GError **error);

/* Start a machine with @kvm of KVM. Errors: those of pup_virt_start(). */
typedef PupVirtDomain *(*PupMachineTry)(gpointer data, PupVirtKvm kvm, GError **error);

/* The order of the tries, for pup_machine_start() and tests: with *@kvm, then with less,
 * as long as what failed may be KVM's refusal. @hyperv: the guest likes Hyper-V's flags.
 * *@kvm: what it was started with. *@refusal: what the first try failed with, else NULL;
 * it is the error where nothing started. */
PupVirtDomain *pup_machine_try(PupMachineTry try, gpointer data, gboolean hyperv,
                               PupVirtKvm *kvm, GError **refusal);
