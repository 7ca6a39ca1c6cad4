/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nothing is polled: libvirt's event loop runs in a thread, whose callbacks note what
 * became of a domain; whoever waits for it is woken.
 */
#include "config.h"
#include "server/image/virt_private.h"

/* The watched domain that @domain is, or NULL. With the lock held. */
static PupVirtDomain *
find_watched(PupVirt *virt, virDomainPtr domain)
{
    unsigned char uuid[VIR_UUID_BUFLEN];

    if (virDomainGetUUID(domain, uuid) < 0)
        return NULL;
    for (unsigned i = 0; i < virt->domains->len; i++) {
        PupVirtDomain *watched = g_ptr_array_index(virt->domains, i);
        if (memcmp(watched->uuid, uuid, sizeof uuid) == 0)
            return watched;
    }
    return NULL;
}

/* What became of a domain; 0: nothing that counts here. A disk's error comes with an
 * event of its own before. */
static PupVirtStates
life_after(int event, int detail)
{
    if (event == VIR_DOMAIN_EVENT_RESUMED)
        return PUP_VIRT_RUNNING;
    if (event == VIR_DOMAIN_EVENT_SUSPENDED)
        return detail == VIR_DOMAIN_EVENT_SUSPENDED_IOERROR ? 0 : PUP_VIRT_PAUSED;
    if (event == VIR_DOMAIN_EVENT_CRASHED)
        return PUP_VIRT_CRASHED;
    if (event != VIR_DOMAIN_EVENT_STOPPED)
        return 0;
    if (detail == VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN)
        return PUP_VIRT_ENDED;
    return detail == VIR_DOMAIN_EVENT_STOPPED_DESTROYED ? PUP_VIRT_DESTROYED
                                                        : PUP_VIRT_CRASHED;
}

/* Once gone, a domain stays what it was: a crash is followed by more events. */
void
pup_virt_set_life(PupVirtDomain *watched, PupVirtStates life)
{
    if (life && !(watched->life & PUP_VIRT_GONE))
        watched->life = life;
    if (life)
        watched->life_told = TRUE;
    if (watched->life & PUP_VIRT_GONE)
        watched->agent = FALSE;
    g_cond_broadcast(&watched->virt->changed);
}

static int
on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail,
             void *opaque)
{
    PupVirt *virt = opaque;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&virt->lock);
    PupVirtDomain *watched = find_watched(virt, domain);

    if (watched)
        pup_virt_set_life(watched, life_after(event, detail));
    return 0;
}

static void
on_io_error(virConnectPtr connection, virDomainPtr domain, const char *path,
            const char *alias, int action, const char *reason, void *opaque)
{
    PupVirt *virt = opaque;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&virt->lock);
    PupVirtDomain *watched = find_watched(virt, domain);

    if (watched && action == VIR_DOMAIN_EVENT_IO_ERROR_PAUSE)
        pup_virt_set_life(watched, g_strcmp0(reason, "enospc") == 0 ? PUP_VIRT_FULL
                                                                    : PUP_VIRT_HALTED);
}

static void
on_agent(virConnectPtr connection, virDomainPtr domain, int state, int reason,
         void *opaque)
{
    PupVirt *virt = opaque;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&virt->lock);
    PupVirtDomain *watched = find_watched(virt, domain);

    if (!watched)
        return;
    watched->agent_told = TRUE;
    watched->agent = state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED;
    g_cond_broadcast(&virt->changed);
}

static void
on_reboot(virConnectPtr connection, virDomainPtr domain, void *opaque)
{
    PupVirt *virt = opaque;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&virt->lock);
    PupVirtDomain *watched = find_watched(virt, domain);

    if (!watched)
        return;
    watched->n_reboots++;
    g_cond_broadcast(&virt->changed);
}

/* The daemon is gone: nobody will tell us any more. */
static void
on_close(virConnectPtr connection, int reason, void *opaque)
{
    PupVirt *virt = opaque;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&virt->lock);

    for (unsigned i = 0; i < virt->domains->len; i++)
        pup_virt_set_life(g_ptr_array_index(virt->domains, i), PUP_VIRT_LOST);
}

gboolean
pup_virt_subscribe(PupVirt *virt, GError **error)
{
    static const struct {
        int id;
        virConnectDomainEventGenericCallback call;
    } wanted[PUP_VIRT_N_SUBSCRIPTIONS] = {
        {VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle)},
        {VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, VIR_DOMAIN_EVENT_CALLBACK(on_io_error)},
        {VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_agent)},
        {VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(on_reboot)},
    };

    for (int i = 0; i < PUP_VIRT_N_SUBSCRIPTIONS; i++) {
        virt->subscriptions[i] = virConnectDomainEventRegisterAny(
            virt->connection, NULL, wanted[i].id, wanted[i].call, virt, NULL);
        if (virt->subscriptions[i] < 0) {
            pup_virt_set_error(error, "libvirt tells no events");
            return FALSE;
        }
    }
    if (!virt->place->root)
        virConnectRegisterCloseCallback(virt->connection, on_close, virt, NULL);
    return TRUE;
}

void
pup_virt_unsubscribe(PupVirt *virt)
{
    for (int i = 0; i < PUP_VIRT_N_SUBSCRIPTIONS; i++)
        virConnectDomainEventDeregisterAny(virt->connection, virt->subscriptions[i]);
    if (!virt->place->root)
        virConnectUnregisterCloseCallback(virt->connection, on_close);
}
