/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events of a guest that we ended ourselves are dropped here, so the seat never confuses
 * them with the next guest's.
 */
#include "config.h"
#include "client-image/seat/domain.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "client-image/seat/libvirt_loop.h"
#include "lib/error.h"
#include "lib/file.h"

#define N_SUBSCRIPTIONS 4

struct PupHypervisor {
    char *root, *emulator;
    gboolean kvm;
    PupGuestEventFunc on_event;
    gpointer user;
    GThread *open_thread;

    GMutex lock; /* of what follows */
    GCond opened_cond;
    gboolean opened; /* open_thread is through, well or not */
    char *open_error;
    virConnectPtr connection;
    virDomainPtr domain;

    int subscriptions[N_SUBSCRIPTIONS]; /* the opening thread's, then the freeing one's */
};

/* What the embedded driver needs to know to leave the machine around it alone. */
static const char qemu_conf[] = "stdio_handler = \"file\"\n"
                                "user = \"root\"\n"
                                "group = \"root\"\n"
                                "dynamic_ownership = 0\n"
                                "remember_owner = 0\n"
                                "security_driver = \"none\"\n"
                                "namespaces = []\n"
                                "cgroup_controllers = []\n";

static void
send_event(PupHypervisor *hypervisor, PupGuestEvent event)
{
    hypervisor->on_event(hypervisor->user, event);
}

static int
on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail,
             void *opaque)
{
    PupHypervisor *hypervisor = opaque;

    if (event == VIR_DOMAIN_EVENT_RESUMED && detail == VIR_DOMAIN_EVENT_RESUMED_UNPAUSED)
        send_event(hypervisor, PUP_GUEST_RESUMED);
    if (event != VIR_DOMAIN_EVENT_STOPPED || detail == VIR_DOMAIN_EVENT_STOPPED_DESTROYED)
        return 0;
    send_event(hypervisor, detail == VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN
                               ? PUP_GUEST_ENDED
                               : PUP_GUEST_CRASHED);
    return 0;
}

static void
on_io_error(virConnectPtr connection, virDomainPtr domain, const char *path,
            const char *alias, int action, const char *reason, void *opaque)
{
    if (action != VIR_DOMAIN_EVENT_IO_ERROR_PAUSE)
        return;
    send_event(opaque,
               g_strcmp0(reason, "enospc") == 0 ? PUP_GUEST_FULL : PUP_GUEST_HALTED);
}

static void
on_agent(virConnectPtr connection, virDomainPtr domain, int state, int reason,
         void *opaque)
{
    if (state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED)
        send_event(opaque, PUP_GUEST_AGENT);
}

static void
on_reboot(virConnectPtr connection, virDomainPtr domain, void *opaque)
{
    send_event(opaque, PUP_GUEST_RESET);
}

/* libvirt prints errors to standard error unless it is told not to; ours are reported. */
static void
swallow_error(void *opaque, virErrorPtr problem)
{
}

static void
end_left_over(virConnectPtr connection)
{
    virDomainPtr domain = virDomainLookupByName(connection, "guest");

    if (!domain)
        return;
    virDomainDestroy(domain);
    virDomainFree(domain);
}

static void
subscribe(PupHypervisor *hypervisor, virConnectPtr connection)
{
    static const struct {
        int id;
        virConnectDomainEventGenericCallback call;
    } wanted[N_SUBSCRIPTIONS] = {
        {VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle)},
        {VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, VIR_DOMAIN_EVENT_CALLBACK(on_io_error)},
        {VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_agent)},
        {VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(on_reboot)},
    };

    for (int i = 0; i < N_SUBSCRIPTIONS; i++)
        hypervisor->subscriptions[i] = virConnectDomainEventRegisterAny(
            connection, NULL, wanted[i].id, wanted[i].call, hypervisor, NULL);
}

static void
close_connection(PupHypervisor *hypervisor)
{
    for (int i = 0; i < N_SUBSCRIPTIONS; i++)
        virConnectDomainEventDeregisterAny(hypervisor->connection,
                                           hypervisor->subscriptions[i]);
    virConnectClose(hypervisor->connection);
}

static gpointer
open_connection(gpointer data)
{
    PupHypervisor *hypervisor = data;
    g_autofree char *uri = g_strdup_printf("qemu:///embed?root=%s", hypervisor->root);
    virConnectPtr connection = virConnectOpen(uri);
    g_autofree char *problem = NULL;

    if (connection) {
        end_left_over(connection);
        subscribe(hypervisor, connection);
        /* Has it ask QEMU now what it can do; the answer is kept under root. */
        free(virConnectGetDomainCapabilities(connection, hypervisor->emulator, "x86_64",
                                             NULL, hypervisor->kvm ? "kvm" : "qemu", 0));
    } else {
        problem = g_strdup(virGetLastErrorMessage());
    }
    g_mutex_lock(&hypervisor->lock);
    hypervisor->connection = connection;
    hypervisor->open_error = g_steal_pointer(&problem);
    hypervisor->opened = TRUE;
    g_cond_broadcast(&hypervisor->opened_cond);
    g_mutex_unlock(&hypervisor->lock);
    return NULL;
}

static gboolean
prepare_root(const char *root, GError **error)
{
    g_autofree char *etc = g_build_filename(root, "etc", NULL);
    g_autofree char *conf = g_build_filename(etc, "qemu.conf", NULL);

    return pup_file_make_dir(etc, error) &&
           pup_file_replace(conf, qemu_conf, strlen(qemu_conf), 0644, error);
}

/* libvirt's own log goes to a file. It reads the environment when it is first used. */
static void
set_log(const char *root)
{
    g_autofree char *outputs = g_strdup_printf("3:file:%s/libvirt.log", root);

    g_setenv("LIBVIRT_LOG_OUTPUTS", outputs, TRUE);
}

PupHypervisor *
pup_hypervisor_new(const char *root, const char *emulator, gboolean kvm,
                   PupGuestEventFunc on_event, gpointer user, GError **error)
{
    PupHypervisor *hypervisor;

    if (!prepare_root(root, error))
        return NULL;
    hypervisor = g_new0(PupHypervisor, 1);
    hypervisor->root = g_strdup(root);
    hypervisor->emulator = g_strdup(emulator);
    hypervisor->kvm = kvm;
    hypervisor->on_event = on_event;
    hypervisor->user = user;
    g_mutex_init(&hypervisor->lock);
    g_cond_init(&hypervisor->opened_cond);
    set_log(root);
    virSetErrorFunc(NULL, swallow_error);
    pup_libvirt_loop_register();
    hypervisor->open_thread = g_thread_new("libvirt-open", open_connection, hypervisor);
    return hypervisor;
}

/* With the lock held: wait for the connection. FALSE when there is none. */
static gboolean
await_connection(PupHypervisor *hypervisor)
{
    while (!hypervisor->opened)
        g_cond_wait(&hypervisor->opened_cond, &hypervisor->lock);
    return hypervisor->connection != NULL;
}

void
pup_hypervisor_await(PupHypervisor *hypervisor)
{
    g_mutex_lock(&hypervisor->lock);
    await_connection(hypervisor);
    g_mutex_unlock(&hypervisor->lock);
}

/* The guest, a reference of the caller's; NULL when there is none. */
static virDomainPtr
get_domain(PupHypervisor *hypervisor)
{
    virDomainPtr domain = NULL;

    g_mutex_lock(&hypervisor->lock);
    if (hypervisor->domain) {
        domain = hypervisor->domain;
        virDomainRef(domain);
    }
    g_mutex_unlock(&hypervisor->lock);
    return domain;
}

static void
set_libvirt_error(GError **error)
{
    PupErrorCode code = PUP_ERROR_IO;
    int why = virGetLastErrorCode();

    if (why == VIR_ERR_XML_ERROR || why == VIR_ERR_XML_DETAIL ||
        why == VIR_ERR_CONFIG_UNSUPPORTED)
        code = PUP_ERROR_INVALID;
    pup_error_set(error, code, "cannot start the guest: %s", virGetLastErrorMessage());
}

gboolean
pup_hypervisor_start(PupHypervisor *hypervisor, const char *xml, GError **error)
{
    virConnectPtr connection;
    virDomainPtr domain;

    g_mutex_lock(&hypervisor->lock);
    if (!await_connection(hypervisor))
        pup_error_set(error, PUP_ERROR_IO, "libvirt does not start: %s",
                      hypervisor->open_error);
    connection = hypervisor->connection;
    g_mutex_unlock(&hypervisor->lock);
    if (!connection)
        return FALSE;
    domain = virDomainCreateXML(connection, xml, 0);
    if (!domain) {
        set_libvirt_error(error);
        return FALSE;
    }
    g_mutex_lock(&hypervisor->lock);
    hypervisor->domain = domain;
    g_mutex_unlock(&hypervisor->lock);
    return TRUE;
}

void
pup_hypervisor_ask_shutdown(PupHypervisor *hypervisor)
{
    virDomainPtr domain = get_domain(hypervisor);

    if (!domain)
        return;
    virDomainShutdownFlags(domain, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN);
    virDomainFree(domain);
}

void
pup_hypervisor_resume(PupHypervisor *hypervisor)
{
    virDomainPtr domain = get_domain(hypervisor);

    if (!domain)
        return;
    virDomainResume(domain);
    virDomainFree(domain);
}

void
pup_hypervisor_end(PupHypervisor *hypervisor)
{
    virDomainPtr domain;

    g_mutex_lock(&hypervisor->lock);
    domain = g_steal_pointer(&hypervisor->domain);
    g_mutex_unlock(&hypervisor->lock);
    if (!domain)
        return;
    virDomainDestroy(domain);
    virDomainFree(domain);
}

void
pup_hypervisor_free(PupHypervisor *hypervisor)
{
    if (!hypervisor)
        return;
    g_thread_join(hypervisor->open_thread);
    pup_hypervisor_end(hypervisor);
    if (hypervisor->connection)
        close_connection(hypervisor);
    g_mutex_clear(&hypervisor->lock);
    g_cond_clear(&hypervisor->opened_cond);
    g_free(hypervisor->open_error);
    g_free(hypervisor->root);
    g_free(hypervisor->emulator);
    g_free(hypervisor);
}
