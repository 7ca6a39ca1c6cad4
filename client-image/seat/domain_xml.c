/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest keeps its identity from one start to the next, and from one version to the
 * next: its UUID and its network address come from the PC's own address, so that Windows
 * does not see new hardware each morning.
 */
#include "config.h"
#include "client-image/seat/domain_xml.h"

#include <string.h>

#include "lib/domain_template.h"

gboolean
pup_domain_names_export(const char *template)
{
    return strstr(template, "{{nbd_export}}") != NULL;
}

unsigned
pup_domain_cpus(unsigned wanted, unsigned have)
{
    return wanted > 0 ? MIN(wanted, have) : have;
}

/* A UUID of version 8 (made by a rule of our own) out of @mac. */
static void
set_uuid(PupVars *vars, const char *mac)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 b[32];
    gsize len = sizeof b;

    g_checksum_update(checksum, (const guchar *) "pupitre guest ", -1);
    g_checksum_update(checksum, (const guchar *) mac, -1);
    g_checksum_get_digest(checksum, b, &len);
    b[6] = (guint8) ((b[6] & 0x0f) | 0x80);
    b[8] = (guint8) ((b[8] & 0x3f) | 0x80);
    pup_vars_setf(vars, "uuid",
                  "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                  b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
                  b[11], b[12], b[13], b[14], b[15]);
}

/* The PC's address, made a locally administered one, and never the PC's own. */
static void
set_net_mac(PupVars *vars, const char *mac)
{
    guint64 first = g_ascii_strtoull(mac, NULL, 16);

    pup_vars_setf(vars, "net_mac", "%02x%s", (unsigned) ((first | 0x02) ^ 0x04) & 0xff,
                  mac + strcspn(mac, ":"));
}

char *
pup_domain_xml(const char *template, const PupDomainSpec *spec, GError **error)
{
    g_autoptr(PupVars) vars = pup_vars_new();

    set_uuid(vars, spec->mac);
    set_net_mac(vars, spec->mac);
    pup_vars_setf(vars, "memory_mib", "%" G_GUINT64_FORMAT, spec->memory_mib);
    pup_vars_setf(vars, "cpus", "%u", spec->cpus);
    pup_vars_set(vars, "emulator", spec->emulator);
    pup_vars_set(vars, "overlay", spec->overlay);
    pup_vars_set(vars, "nbd_socket", spec->nbd_socket);
    if (pup_domain_names_export(template))
        pup_vars_setf(vars, "nbd_export", "%u", spec->version);
    if (spec->guest->net == PUP_NET_BRIDGE)
        pup_vars_set(vars, "net_card", spec->net_card);
    pup_vars_set(vars, "serial_socket", spec->serial_socket);
    pup_vars_set(vars, "spice_socket", spec->spice_socket);
    pup_vars_flag(vars, "kvm", spec->kvm != 0);
    pup_vars_flag(vars, "arch_capabilities",
                  (spec->kvm & PUP_KVM_ARCH_CAPABILITIES) != 0);
    pup_vars_flag(vars, "windows", spec->guest->hyperv);
    pup_vars_flag(vars, "hyperv",
                  spec->guest->hyperv && (spec->kvm & PUP_KVM_HYPERV) != 0);
    pup_guest_set_vars(spec->guest, vars);
    pup_vars_set(vars, "nvram", spec->nvram);
    pup_vars_flag(vars, "block", spec->overlay_is_block);
    pup_vars_flag(vars, "net", spec->guest->net != PUP_NET_NONE);
    return pup_template_render("domain.xml", template, PUP_ESCAPE_XML, vars, error);
}
