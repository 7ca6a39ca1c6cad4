/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kvm_probe - does /dev/kvm really run a guest, and what can it do?
 *
 * That the device is there proves little: firmware may have locked the processor's
 * extension, and a KVM that is itself emulated may lack parts. So a guest of a few
 * instructions is run in a child process, which is killed when it hangs.
 *
 * Opens /dev/kvm. Forks: call it before the program has threads.
 */
#pragma once

#include <glib.h>

typedef enum {
    PUP_KVM_RUNS = 1 << 0,              /* the tiny guest ran and said so */
    PUP_KVM_ARCH_CAPABILITIES = 1 << 1, /* MSR 0x10a can be given to a guest */
    PUP_KVM_HYPERV = 1 << 2,            /* all of the enlightenments we use */
} PupKvmFeatures;

/* What KVM can do here; 0 when it is of no use. *@why (may be NULL) becomes the reason
 * then, static, in words for the admin; else NULL. */
PupKvmFeatures pup_kvm_probe(const char **why);
