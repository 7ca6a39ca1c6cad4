/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opening and closing. The embedded driver refuses to end a domain with the process that
 * started it (AUTODESTROY), which a daemon does: virt_place.h makes up for it.
 */
#include "config.h"
#include "server/image/virt_private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"

/* What the embedded driver needs to know to leave the machine around it alone. */
static const char qemu_conf[] = "stdio_handler = \"file\"\n"
                                "user = \"root\"\n"
                                "group = \"root\"\n"
                                "dynamic_ownership = 0\n"
                                "remember_owner = 0\n"
                                "security_driver = \"none\"\n"
                                "swtpm_user = \"root\"\n"
                                "swtpm_group = \"root\"\n"
                                "namespaces = []\n"
                                "cgroup_controllers = []\n"
                                "spice_listen = \"127.0.0.1\"\n";

PupErrorCode
pup_virt_error_code(int why)
{
    static const struct {
        int why;
        PupErrorCode code;
    } known[] = {
        {VIR_ERR_XML_ERROR, PUP_ERROR_INVALID},
        {VIR_ERR_XML_DETAIL, PUP_ERROR_INVALID},
        {VIR_ERR_XML_INVALID_SCHEMA, PUP_ERROR_INVALID},
        {VIR_ERR_CONFIG_UNSUPPORTED, PUP_ERROR_INVALID},
        {VIR_ERR_NO_DOMAIN, PUP_ERROR_NOT_FOUND},
        {VIR_ERR_NO_STORAGE_POOL, PUP_ERROR_NOT_FOUND},
        {VIR_ERR_OPERATION_INVALID, PUP_ERROR_NOT_FOUND},
        {VIR_ERR_DOM_EXIST, PUP_ERROR_EXISTS},
        {VIR_ERR_AUTH_FAILED, PUP_ERROR_DENIED},
        {VIR_ERR_ACCESS_DENIED, PUP_ERROR_DENIED},
        {VIR_ERR_AGENT_UNRESPONSIVE, PUP_ERROR_TIMEOUT},
        {VIR_ERR_OPERATION_TIMEOUT, PUP_ERROR_BUSY},
        {VIR_ERR_NO_SUPPORT, PUP_ERROR_UNSUPPORTED},
        {VIR_ERR_OPERATION_UNSUPPORTED, PUP_ERROR_UNSUPPORTED},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i].why == why)
            return known[i].code;
    return PUP_ERROR_IO;
}

/* From libvirt's last error of this thread; @format says what failed, on which object. */
void
pup_virt_set_error(GError **error, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    pup_error_set(error, pup_virt_error_code(virGetLastErrorCode()), "%s: %s", what,
                  virGetLastErrorMessage());
}

void
pup_virt_swallow_error(void *opaque, virErrorPtr problem)
{
}

/* Wakes the event loop now and then, so that its thread sees that it shall end. */
static void
on_tick(int timer, void *opaque)
{
}

static gpointer
run_events(gpointer data)
{
    PupVirt *virt = data;

    while (!g_atomic_int_get(&virt->stopping))
        virEventRunDefaultImpl();
    return NULL;
}

/* What libvirt asked QEMU about itself is kept between processes: it takes seconds. */
static gboolean
share_cache(const PupSettings *settings, const char *root, GError **error)
{
    g_autofree char *cache = pup_settings_path(settings, "cache/libvirt");
    g_autofree char *link = g_build_filename(root, "cache", NULL);

    if (!pup_file_make_dir(cache, error))
        return FALSE;
    unlink(link);
    if (symlink(cache, link) == 0 || g_file_test(link, G_FILE_TEST_EXISTS))
        return TRUE;
    pup_error_set(error, PUP_ERROR_IO, "cannot make the link '%s'", link);
    return FALSE;
}

static gboolean
prepare_root(const PupSettings *settings, const char *root, GError **error)
{
    g_autofree char *etc = g_build_filename(root, "etc", NULL);
    g_autofree char *conf = g_build_filename(etc, "qemu.conf", NULL);
    g_autofree char *outputs = g_strdup_printf("3:file:%s/libvirt.log", root);

    /* It reads the environment when it is first used. */
    g_setenv("LIBVIRT_LOG_OUTPUTS", outputs, TRUE);
    return share_cache(settings, root, error) && pup_file_make_dir(etc, error) &&
           pup_file_replace(conf, qemu_conf, strlen(qemu_conf), 0644, error);
}

static void
set_connect_error(GError **error, const char *uri, gboolean embedded)
{
    const char *words = virGetLastErrorMessage();

    if (!embedded)
        pup_error_set(error, PUP_ERROR_NET,
                      "no answer from libvirt at '%s' ([libvirt] uri): %s; start its "
                      "daemon, or remove the key to do without one",
                      uri, words);
    else if (strstr(words, "libvirt-qemu"))
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "libvirt does not start: %s; make that user and group "
                      "(`useradd --system --user-group libvirt-qemu`)",
                      words);
    else
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "libvirt does not start: %s (is the package "
                      "libvirt-daemon-driver-qemu installed?)",
                      words);
}

virConnectPtr
pup_virt_connect_daemon(const PupSettings *settings, GError **error)
{
    virConnectPtr connection;

    virSetErrorFunc(NULL, pup_virt_swallow_error);
    connection = virConnectOpen(settings->libvirt_uri);
    if (!connection)
        set_connect_error(error, settings->libvirt_uri, FALSE);
    return connection;
}

static gboolean
connect_to(PupVirt *virt, const PupSettings *settings, GError **error)
{
    const char *root = virt->place->root;
    g_autofree char *uri = root ? g_strdup_printf("qemu:///embed?root=%s", root)
                                : g_strdup(settings->libvirt_uri);

    virt->connection = virConnectOpen(uri);
    if (virt->connection)
        return pup_virt_subscribe(virt, error);
    set_connect_error(error, uri, root != NULL);
    return FALSE;
}

/* libvirt takes an event loop once a process. Its own runs GLib's default main context in
 * our thread: whoever opens this has no callbacks of its own there. */
static void
start_events(PupVirt *virt)
{
    static gsize registered;

    if (g_once_init_enter(&registered)) {
        virSetErrorFunc(NULL, pup_virt_swallow_error);
        virEventRegisterDefaultImpl();
        g_once_init_leave(&registered, 1);
    }
    virt->tick = virEventAddTimeout(500, on_tick, NULL, NULL);
    virt->event_thread = g_thread_new("libvirt-events", run_events, virt);
}

static PupVirt *
open_place(const PupSettings *settings, const char *keep, GError **error)
{
    PupVirtPlace *place =
        pup_virt_place_take(settings, keep, settings->libvirt_uri == NULL, error);
    PupVirt *virt;

    if (!place)
        return NULL;
    virt = g_new0(PupVirt, 1);
    virt->place = place;
    virt->state_dir = g_strdup(settings->state_dir);
    virt->may_kvm = settings->accel != PUP_ACCEL_EMULATE;
    virt->domains = g_ptr_array_new();
    g_mutex_init(&virt->lock);
    g_cond_init(&virt->changed);
    if (place->root && !prepare_root(settings, place->root, error)) {
        pup_virt_free(virt);
        return NULL;
    }
    start_events(virt);
    if (connect_to(virt, settings, error))
        return virt;
    pup_virt_free(virt);
    return NULL;
}

PupVirt *
pup_virt_open(const PupSettings *settings, GError **error)
{
    pup_virt_places_sweep(settings, FALSE);
    return open_place(settings, NULL, error);
}

PupVirt *
pup_virt_open_kept(const PupSettings *settings, const char *name, GError **error)
{
    pup_virt_places_sweep(settings, FALSE);
    return open_place(settings, name, error);
}

void
pup_virt_end_kept(PupVirt *virt)
{
    virt->place->kept = FALSE;
}

void
pup_virt_free(PupVirt *virt)
{
    if (!virt)
        return;
    if (virt->connection) {
        pup_virt_unsubscribe(virt);
        virConnectClose(virt->connection);
    }
    if (virt->event_thread) {
        g_atomic_int_set(&virt->stopping, TRUE);
        g_thread_join(virt->event_thread);
        virEventRemoveTimeout(virt->tick);
    }
    pup_virt_place_free(virt->place);
    g_ptr_array_unref(virt->domains);
    g_mutex_clear(&virt->lock);
    g_cond_clear(&virt->changed);
    g_free(virt->emulator);
    g_free(virt->state_dir);
    g_free(virt);
}

/* Ask once what runs guests here. */
static void
ask_libvirt(PupVirt *virt)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&virt->lock);
    char *xml = NULL;

    if (virt->asked)
        return;
    virt->asked = TRUE;
    if (virt->may_kvm)
        xml = virConnectGetDomainCapabilities(virt->connection, NULL, "x86_64", NULL,
                                              "kvm", 0);
    if (xml)
        virt->kvm = PUP_VIRT_KVM_HYPERV;
    else
        xml = virConnectGetDomainCapabilities(virt->connection, NULL, "x86_64", NULL,
                                              "qemu", 0);
    virt->emulator = xml ? pup_virt_xml_text(xml, "path") : NULL;
    if (!virt->emulator)
        virt->emulator = g_strdup("/usr/bin/qemu-system-x86_64");
    free(xml);
}

PupVirtKvm
pup_virt_kvm(PupVirt *virt)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = NULL;

    ask_libvirt(virt);
    locker = g_mutex_locker_new(&virt->lock);
    return virt->kvm;
}

void
pup_virt_lower_kvm(PupVirt *virt, PupVirtKvm most)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = NULL;

    ask_libvirt(virt);
    locker = g_mutex_locker_new(&virt->lock);
    virt->kvm = MIN(virt->kvm, most);
}

const char *
pup_virt_emulator(PupVirt *virt)
{
    ask_libvirt(virt);
    return virt->emulator;
}
