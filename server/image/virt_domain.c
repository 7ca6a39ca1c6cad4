/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A domain is started paused and watched before it goes on, so that no event of it is
 * missed. It carries in its <metadata> whose it is: another Pupitre on the same libvirt
 * daemon has its own state folder.
 */
#include "config.h"
#include "server/image/virt_private.h"

#include <stdlib.h>
#include <string.h>

#include "lib/file.h"

#define KEY_HELD_MS 100
#define PORT_TRIES 5
#define SCREENSHOT_MAX_BYTES (64u * 1024u * 1024u)

gboolean
pup_virt_read_facts(virDomainPtr domain, PupVirtFacts *facts, GError **error)
{
    const char *name = virDomainGetName(domain);
    char *xml = virDomainGetXMLDesc(domain, 0);
    gboolean good;

    if (!xml) {
        pup_virt_set_error(error, "cannot read the virtual machine '%s'", name);
        return FALSE;
    }
    good = pup_virt_xml_read(xml, facts, error);
    free(xml);
    return good;
}

static PupVirtStates
paused_life(virDomainPtr domain, int reason)
{
    virDomainDiskError problems[8];
    PupVirtStates life = PUP_VIRT_HALTED;
    int n;

    if (reason != VIR_DOMAIN_PAUSED_IOERROR)
        return PUP_VIRT_PAUSED;
    n = virDomainGetDiskErrors(domain, problems, G_N_ELEMENTS(problems), 0);
    for (int i = 0; i < n; i++) {
        if (problems[i].error == VIR_DOMAIN_DISK_ERROR_NO_SPACE)
            life = PUP_VIRT_FULL;
        free(problems[i].disk);
    }
    return life;
}

static PupVirtStates
life_now(virDomainPtr domain)
{
    int state = 0, reason = 0;

    if (virDomainGetState(domain, &state, &reason, 0) < 0)
        return PUP_VIRT_CRASHED;
    if (state == VIR_DOMAIN_PAUSED)
        return paused_life(domain, reason);
    if (state == VIR_DOMAIN_CRASHED)
        return PUP_VIRT_CRASHED;
    return state == VIR_DOMAIN_SHUTOFF ? PUP_VIRT_ENDED : PUP_VIRT_RUNNING;
}

/* Takes @domain over. */
static PupVirtDomain *
watch(PupVirt *virt, virDomainPtr domain)
{
    PupVirtDomain *watched = g_new0(PupVirtDomain, 1);

    watched->virt = virt;
    watched->domain = domain;
    watched->name = g_strdup(virDomainGetName(domain));
    virDomainGetUUID(domain, (unsigned char *) watched->uuid);
    watched->life = PUP_VIRT_PAUSED;
    g_mutex_lock(&virt->lock);
    g_ptr_array_add(virt->domains, watched);
    g_mutex_unlock(&virt->lock);
    return watched;
}

/* Bring @watched up to date with what happened before it was watched. */
static gboolean
catch_up(PupVirtDomain *watched, GError **error)
{
    g_auto(PupVirtFacts) facts = {0};
    PupVirtStates life;

    if (!pup_virt_read_facts(watched->domain, &facts, error))
        return FALSE;
    life = life_now(watched->domain);
    g_mutex_lock(&watched->virt->lock);
    /* What an event told meanwhile is newer. */
    if (!watched->agent_told)
        watched->agent = facts.agent;
    if (!watched->life_told)
        pup_virt_set_life(watched, life);
    g_mutex_unlock(&watched->virt->lock);
    return TRUE;
}

/* QEMU's words for a SPICE port that somebody has. */
static gboolean
port_was_taken(const char *reason)
{
    return reason && strstr(reason, "failed to initialize spice server");
}

/*
 * Every libvirt of this machine looks for a free SPICE port on its own, some time before
 * its QEMU binds it; meanwhile another one's may have taken it, and the next look finds
 * another port.
 */
static virDomainPtr
create(PupVirt *virt, const char *xml, unsigned flags)
{
    virDomainPtr domain = NULL;

    for (unsigned tries = 0; !domain && tries < PORT_TRIES; tries++) {
        domain = virDomainCreateXML(virt->connection, xml, flags);
        if (!domain && !port_was_taken(virGetLastErrorMessage()))
            break;
    }
    return domain;
}

PupVirtDomain *
pup_virt_start(PupVirt *virt, const char *xml, GError **error)
{
    PupVirtOwner owner = {virt->state_dir, virt->place->id};
    g_autofree char *owned = pup_virt_xml_own(xml, &owner, error);
    g_autofree char *name = pup_virt_xml_text(xml, "name");
    g_autoptr(PupVirtDomain) watched = NULL;
    unsigned flags = VIR_DOMAIN_START_PAUSED;
    virDomainPtr domain;

    if (!owned)
        return NULL;
    if (!name || !g_str_has_prefix(name, PUP_VIRT_NAME_PREFIX)) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "the domain's name '%s' does not begin with " PUP_VIRT_NAME_PREFIX,
                      name);
        return NULL;
    }
    /* libvirt would call it a failed operation, as anything else. */
    domain = virDomainLookupByName(virt->connection, name);
    if (domain) {
        virDomainFree(domain);
        pup_error_set(error, PUP_ERROR_EXISTS,
                      "there is a virtual machine '%s' already; `pupitre gc` ends one "
                      "that was left behind, see `virsh list --all` for others",
                      name);
        return NULL;
    }
    if (!virt->place->root && !virt->place->kept)
        flags |= VIR_DOMAIN_START_AUTODESTROY;
    domain = create(virt, owned, flags);
    if (!domain) {
        pup_virt_set_error(error, "cannot start the virtual machine '%s'", name);
        return NULL;
    }
    watched = watch(virt, domain);
    if (!pup_virt_domain_resume(watched, error)) {
        pup_virt_domain_destroy(watched, NULL);
        return NULL;
    }
    return g_steal_pointer(&watched);
}

/* Clear @ours where @domain is of another opening. One that ended since libvirt named it
 * is NOT_FOUND. */
static gboolean
read_owner(PupVirt *virt, virDomainPtr domain, gboolean *ours, GError **error)
{
    g_auto(PupVirtFacts) facts = {0};

    if (!pup_virt_read_facts(domain, &facts, error))
        return FALSE;
    *ours = g_strcmp0(facts.owner.state_dir, virt->state_dir) == 0 &&
            g_strcmp0(facts.owner.place, virt->place->id) == 0;
    return TRUE;
}

PupVirtDomain *
pup_virt_find(PupVirt *virt, const char *name, GError **error)
{
    virDomainPtr domain = virDomainLookupByName(virt->connection, name);
    g_autoptr(PupVirtDomain) watched = NULL;
    gboolean ours = FALSE, known;

    if (!domain) {
        pup_virt_set_error(error, "no virtual machine '%s'", name);
        return NULL;
    }
    known = read_owner(virt, domain, &ours, error);
    if (known && !ours)
        pup_error_set(error, PUP_ERROR_NOT_FOUND,
                      "the virtual machine '%s' is not one of '%s'", name,
                      virt->place->id);
    if (!ours) {
        virDomainFree(domain);
        return NULL;
    }
    watched = watch(virt, domain);
    return catch_up(watched, error) ? g_steal_pointer(&watched) : NULL;
}

char **
pup_virt_names(PupVirt *virt, GError **error)
{
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    virDomainPtr *domains = NULL;
    int n = virConnectListAllDomains(virt->connection, &domains,
                                     VIR_CONNECT_LIST_DOMAINS_ACTIVE);

    if (n < 0) {
        pup_virt_set_error(error, "cannot list the virtual machines");
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        gboolean ours = FALSE;
        if (read_owner(virt, domains[i], &ours, NULL) && ours)
            g_strv_builder_add(names, virDomainGetName(domains[i]));
        virDomainFree(domains[i]);
    }
    free(domains);
    return g_strv_builder_end(names);
}

void
pup_virt_domain_free(PupVirtDomain *domain)
{
    if (!domain)
        return;
    if (!domain->virt->place->kept)
        pup_virt_domain_destroy(domain, NULL);
    g_mutex_lock(&domain->virt->lock);
    g_ptr_array_remove(domain->virt->domains, domain);
    g_mutex_unlock(&domain->virt->lock);
    virDomainFree(domain->domain);
    g_free(domain->name);
    g_free(domain);
}

const char *
pup_virt_domain_name(const PupVirtDomain *domain)
{
    return domain->name;
}

/* With the lock held. */
static PupVirtStates
states_of(const PupVirtDomain *domain)
{
    return domain->life | (domain->agent ? PUP_VIRT_AGENT : PUP_VIRT_NO_AGENT);
}

PupVirtStates
pup_virt_domain_states(PupVirtDomain *domain)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED =
        g_mutex_locker_new(&domain->virt->lock);

    return states_of(domain);
}

unsigned
pup_virt_domain_n_reboots(PupVirtDomain *domain)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED =
        g_mutex_locker_new(&domain->virt->lock);

    return domain->n_reboots;
}

static void
wake(GCancellable *cancellable, gpointer data)
{
    PupVirt *virt = data;

    g_mutex_lock(&virt->lock);
    g_cond_broadcast(&virt->changed);
    g_mutex_unlock(&virt->lock);
}

/* Wait for a change that makes one of @until true. FALSE when time is up. */
static gboolean
wait_locked(PupVirtDomain *domain, PupVirtStates until, gint64 end_us,
            GCancellable *cancellable)
{
    PupVirt *virt = domain->virt;

    while (!(states_of(domain) & until) && !g_cancellable_is_cancelled(cancellable))
        if (end_us < 0)
            g_cond_wait(&virt->changed, &virt->lock);
        else if (!g_cond_wait_until(&virt->changed, &virt->lock, end_us))
            return (states_of(domain) & until) != 0;
    return TRUE;
}

PupVirtStates
pup_virt_domain_wait(PupVirtDomain *domain, PupVirtStates until, gint64 timeout_ms,
                     GCancellable *cancellable, GError **error)
{
    gint64 end_us = timeout_ms < 0 ? -1 : g_get_monotonic_time() + timeout_ms * 1000;
    gulong handler = 0;
    PupVirtStates states;
    gboolean in_time;

    if (cancellable)
        handler =
            g_cancellable_connect(cancellable, G_CALLBACK(wake), domain->virt, NULL);
    g_mutex_lock(&domain->virt->lock);
    in_time = wait_locked(domain, until, end_us, cancellable);
    states = states_of(domain);
    g_mutex_unlock(&domain->virt->lock);
    if (handler)
        g_cancellable_disconnect(cancellable, handler);
    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return 0;
    if (in_time)
        return states;
    pup_error_set(error, PUP_ERROR_TIMEOUT,
                  "the virtual machine '%s' did not get there within %" G_GINT64_FORMAT
                  " s",
                  domain->name, timeout_ms / 1000);
    return 0;
}

gboolean
pup_virt_domain_shutdown(PupVirtDomain *domain, GError **error)
{
    gboolean agent = (pup_virt_domain_states(domain) & PUP_VIRT_AGENT) != 0;

    if ((agent &&
         virDomainShutdownFlags(domain->domain, VIR_DOMAIN_SHUTDOWN_GUEST_AGENT) == 0) ||
        virDomainShutdownFlags(domain->domain, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN) == 0)
        return TRUE;
    pup_virt_set_error(error, "cannot shut down the virtual machine '%s'", domain->name);
    return FALSE;
}

gboolean
pup_virt_domain_reboot(PupVirtDomain *domain, GError **error)
{
    if (virDomainReboot(domain->domain, VIR_DOMAIN_REBOOT_GUEST_AGENT) == 0)
        return TRUE;
    pup_virt_set_error(error, "cannot restart the virtual machine '%s'", domain->name);
    return FALSE;
}

gboolean
pup_virt_domain_destroy(PupVirtDomain *domain, GError **error)
{
    if (pup_virt_domain_states(domain) & PUP_VIRT_GONE)
        return TRUE;
    if (virDomainDestroy(domain->domain) < 0 &&
        pup_virt_error_code(virGetLastErrorCode()) != PUP_ERROR_NOT_FOUND) {
        pup_virt_set_error(error, "cannot end the virtual machine '%s'", domain->name);
        return FALSE;
    }
    g_mutex_lock(&domain->virt->lock);
    pup_virt_set_life(domain, PUP_VIRT_DESTROYED);
    g_mutex_unlock(&domain->virt->lock);
    return TRUE;
}

gboolean
pup_virt_domain_resume(PupVirtDomain *domain, GError **error)
{
    PupVirtStates before;

    /* Before libvirt is told: its event may come later than the next question, and the
     * event of a disk that is full again sooner than libvirt's answer. */
    g_mutex_lock(&domain->virt->lock);
    before = domain->life;
    pup_virt_set_life(domain, PUP_VIRT_RUNNING);
    g_mutex_unlock(&domain->virt->lock);
    if (virDomainResume(domain->domain) == 0)
        return TRUE;
    pup_virt_set_error(error, "cannot let the virtual machine '%s' run", domain->name);
    g_mutex_lock(&domain->virt->lock);
    if (domain->life == PUP_VIRT_RUNNING)
        pup_virt_set_life(domain, before);
    g_mutex_unlock(&domain->virt->lock);
    return FALSE;
}

void
pup_virt_domain_press_key(PupVirtDomain *domain, unsigned key)
{
    virDomainSendKey(domain->domain, VIR_KEYCODE_SET_LINUX, KEY_HELD_MS, &key, 1, 0);
}

char *
pup_virt_domain_spice(PupVirtDomain *domain, GError **error)
{
    g_auto(PupVirtFacts) facts = {0};

    if (!pup_virt_read_facts(domain->domain, &facts, error))
        return NULL;
    return g_steal_pointer(&facts.spice);
}

guint64
pup_virt_domain_read_bytes(PupVirtDomain *domain)
{
    virDomainBlockStatsStruct stats = {0};

    /* The empty name stands for all disks. */
    if (virDomainBlockStats(domain->domain, "", &stats, sizeof stats) < 0 ||
        stats.rd_bytes < 0)
        return 0;
    return (guint64) stats.rd_bytes;
}

guint64
pup_virt_domain_written(PupVirtDomain *domain, const char *target)
{
    virDomainBlockStatsStruct stats = {0};

    if (virDomainBlockStats(domain->domain, target, &stats, sizeof stats) < 0 ||
        stats.wr_bytes < 0)
        return 0;
    return (guint64) stats.wr_bytes;
}

static int
take_bytes(virStreamPtr stream, const char *data, size_t n, void *opaque)
{
    GByteArray *bytes = opaque;

    if (bytes->len + n > SCREENSHOT_MAX_BYTES)
        return -1;
    g_byte_array_append(bytes, (const guint8 *) data, (guint) n);
    return (int) n;
}

/* The screen's picture; *@type: its MIME type, for free(). */
static GByteArray *
read_screen(PupVirtDomain *domain, char **type, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    virStreamPtr stream = virStreamNew(domain->virt->connection, 0);
    gboolean good = FALSE;

    *type = stream ? virDomainScreenshot(domain->domain, stream, 0, 0) : NULL;
    if (*type && virStreamRecvAll(stream, take_bytes, bytes) == 0)
        good = virStreamFinish(stream) == 0;
    if (!good)
        pup_virt_set_error(error, "cannot get the screen of the virtual machine '%s'",
                           domain->name);
    if (stream)
        virStreamFree(stream);
    return good ? g_steal_pointer(&bytes) : NULL;
}

gboolean
pup_virt_domain_screenshot(PupVirtDomain *domain, const char *path, GError **error)
{
    char *type = NULL;
    g_autoptr(GByteArray) bytes = read_screen(domain, &type, error);
    gboolean good = bytes != NULL && g_strcmp0(type, "image/png") == 0;

    if (bytes && !good)
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "the screen of '%s' comes as %s, not as a PNG: QEMU is too old",
                      domain->name, type);
    free(type);
    return good && pup_file_replace(path, bytes->data, bytes->len, 0644, error);
}

/* Only the guest's own refusal is an internal error to libvirt; a channel that breaks is
 * whatever the system called it. */
static void
set_agent_error(PupVirtDomain *domain, GError **error)
{
    int why = virGetLastErrorCode();
    gboolean there = (pup_virt_domain_states(domain) & PUP_VIRT_AGENT) != 0;
    PupErrorCode code = PUP_ERROR_NOT_FOUND;

    if (why == VIR_ERR_INTERNAL_ERROR)
        code = PUP_ERROR_IO;
    else if (why == VIR_ERR_AGENT_UNRESPONSIVE && there)
        code = PUP_ERROR_TIMEOUT;
    pup_error_set(error, code, "the guest agent of '%s': %s", domain->name,
                  virGetLastErrorMessage());
}

char *
pup_virt_domain_agent(PupVirtDomain *domain, const char *command, int timeout_s,
                      GError **error)
{
    char *answer = virDomainQemuAgentCommand(domain->domain, command, timeout_s, 0);
    char *copy;

    if (!answer) {
        set_agent_error(domain, error);
        return NULL;
    }
    copy = g_strdup(answer);
    free(answer);
    return copy;
}
