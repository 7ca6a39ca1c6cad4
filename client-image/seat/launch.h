/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * launch - starts a guest, if need be without what this PC's KVM refuses
 *
 * Some kernels offer Hyper-V enlightenments that they refuse when QEMU asks for them
 * ("kernel doesn't allow setting HyperV VP_INDEX"): only trying tells. A guest without
 * them runs a little slower; a seat that does not start runs nothing.
 *
 * Threads: as @start.
 */
#pragma once

#include "client-image/seat/domain_xml.h"

/* Starts the guest that @xml describes. */
typedef gboolean (*PupLaunchFunc)(gpointer user, const char *xml, GError **error);

/* Start the guest of @template and @spec by @start. Where that fails and there are
 * enlightenments, it is tried without them: when this works, they are taken out of
 * spec->kvm and *@refused is why, a new string; else it is untouched. Errors: those of
 * pup_domain_xml() and of the first @start. */
gboolean pup_launch(const char *template, PupDomainSpec *spec, PupLaunchFunc start,
                    gpointer user, char **refused, GError **error);
