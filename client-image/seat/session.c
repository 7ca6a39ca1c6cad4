/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/session.h"

#include <string.h>
#include <unistd.h>

#include "client-image/common/notify.h"
#include "client-image/common/room_version.h"
#include "client-image/seat/domain_xml.h"
#include "client-image/seat/log.h"
#include "client-image/seat/launch.h"
#include "client-image/seat/memory_measure.h"
#include "client-image/seat/overlay.h"
#include "client-image/seat/partition.h"
#include "lib/error.h"
#include "lib/file.h"

/* Where each seat serves chunks to its neighbours (doc/http-api.md). */
#define PEER_PORT 8081u

struct PupSession {
    const PupSeatOptions *options;
    const PupHardware *hardware;
    PupHypervisor *hypervisor;
    const char *emulator;
    const char *boot;
    char *nbd_socket, *control_socket, *serial_socket, *spice_socket, *notify_socket;
    char *nvram;

    gboolean cache_sought, disk_sought;
    char *cache_folder;   /* that we have mounted; NULL: none */
    char *overlay_folder; /* the same */
    GError *disk_problem; /* why there is none */

    PupManifest *manifest; /* NULL: nothing loaded */
    PupMemory memory;      /* when no stream ran */
    PupMemoryPlan plan;
    char *refused; /* why there are no enlightenments, though KVM offers them */
    PupStreamChild *stream;
    PupOverlay *overlay;
    PupOverlayPast past;
};

PupSession *
pup_session_new(const PupSeatOptions *options, const PupHardware *hardware,
                PupHypervisor *hypervisor, const char *emulator, const char *boot)
{
    PupSession *session = g_new0(PupSession, 1);
    const char *rundir = options->rundir;

    session->options = options;
    session->hardware = hardware;
    session->hypervisor = hypervisor;
    session->emulator = emulator;
    session->boot = boot;
    session->nbd_socket = g_build_filename(rundir, "nbd.sock", NULL);
    session->control_socket = g_build_filename(rundir, "stream.sock", NULL);
    session->serial_socket = g_build_filename(rundir, "serial.sock", NULL);
    session->spice_socket = g_build_filename(rundir, "spice.sock", NULL);
    session->notify_socket = g_build_filename(rundir, "seat.sock", NULL);
    session->nvram = g_build_filename(rundir, "nvram.fd", NULL);
    return session;
}

static void
forget(PupSession *session)
{
    g_clear_pointer(&session->overlay, pup_overlay_free);
    g_clear_pointer(&session->manifest, pup_manifest_free);
}

void
pup_session_free(PupSession *session)
{
    if (!session)
        return;
    pup_stream_child_free(session->stream);
    forget(session);
    pup_partition_unmount(session->cache_folder);
    pup_partition_unmount(session->overlay_folder);
    g_clear_error(&session->disk_problem);
    g_free(session->cache_folder);
    g_free(session->overlay_folder);
    g_free(session->nbd_socket);
    g_free(session->control_socket);
    g_free(session->serial_socket);
    g_free(session->spice_socket);
    g_free(session->notify_socket);
    g_free(session->nvram);
    g_free(session->refused);
    g_free(session);
}

const char *
pup_session_spice_socket(const PupSession *session)
{
    return session->spice_socket;
}

const char *
pup_session_serial_socket(const PupSession *session)
{
    return session->serial_socket;
}

const char *
pup_session_notify_socket(const PupSession *session)
{
    return session->notify_socket;
}

void
pup_session_unload(PupSession *session, const PupTarget *target)
{
    if (session->manifest && session->manifest->version == target->version &&
        strcmp(session->manifest->name, target->room) == 0)
        return;
    forget(session);
}

static PupKvmFeatures
kvm_to_use(const PupSession *session)
{
    PupKvmFeatures kvm = session->options->no_kvm ? 0 : session->hardware->kvm;

    return session->refused ? kvm & ~(PupKvmFeatures) PUP_KVM_HYPERV : kvm;
}

static gboolean
check_kvm(const PupSession *session, const PupManifest *manifest, GError **error)
{
    if (kvm_to_use(session) != 0 || manifest->guest.emulate)
        return TRUE;
    pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                  "this PC cannot run the room's guest at full speed, and the room does "
                  "not allow less: %s",
                  session->options->no_kvm ? "KVM was switched off"
                                           : session->hardware->no_kvm_why);
    return FALSE;
}

static PupPublicKey *
read_key(const char *path, GError **error)
{
    g_autoptr(GBytes) text = pup_file_read(path, PUP_SIGNATURE_TEXT_MAX, error);
    PupPublicKey *key;

    if (!text)
        return NULL;
    key =
        pup_public_key_parse(g_bytes_get_data(text, NULL), g_bytes_get_size(text), error);
    if (!key)
        g_prefix_error(error, "%s: ", path);
    return key;
}

static gboolean
read_memory(gpointer user, guint64 *total_mib, guint64 *available_mib, GError **error)
{
    return pup_memory_read(total_mib, available_mib, error);
}

/* libvirt has QEMU tell what it can do, which takes the memory of a small guest. */
static void
settle(gpointer user)
{
    pup_hypervisor_await(((PupSession *) user)->hypervisor);
}

static void
sleep_ms(gpointer user, unsigned ms)
{
    g_usleep(ms * 1000ul);
}

/* What a stream holds already is in the plan: the measure from before it counts. */
static gboolean
plan_memory(PupSession *session, const PupManifest *manifest, GError **error)
{
    const PupMemorySource source = {read_memory, settle, sleep_ms, session};

    if (session->stream)
        return pup_memory_plan(session->memory.total_mib, session->memory.available_mib,
                               &manifest->guest, manifest->cache_mib, &session->plan,
                               error);
    return pup_memory_measure(&source, &manifest->guest, manifest->cache_mib,
                              &session->memory, &session->plan, error);
}

gboolean
pup_session_load(PupSession *session, PupHttp *http, const PupTarget *target,
                 GError **error)
{
    g_autoptr(PupPublicKey) key = read_key(session->options->pubkey, error);
    g_autoptr(PupManifest) manifest = NULL;

    if (!key)
        return FALSE;
    manifest = pup_room_version_fetch(http, session->options->server, target->room,
                                      target->version, key, NULL, error);
    if (!manifest || !check_kvm(session, manifest, error) ||
        !plan_memory(session, manifest, error))
        return FALSE;
    session->manifest = g_steal_pointer(&manifest);
    pup_log("version",
            "%s@%u verified; guest %" G_GUINT64_FORMAT " MiB, cache %" G_GUINT64_FORMAT
            " MiB, overlay %" G_GUINT64_FORMAT " MiB",
            target->room, target->version, session->plan.guest_mib,
            session->plan.cache_mib, session->plan.overlay_mib);
    return TRUE;
}

/* *@folder: where the partition with @label is mounted now, a new string; NULL: none. */
static gboolean
find_partition(const PupSession *session, const char *label, const char *name,
               char **folder, GError **error)
{
    g_autofree char *path = g_build_filename(session->options->rundir, name, NULL);
    gboolean found;

    if (!pup_partition_mount(label, path, &found, error))
        return FALSE;
    if (found)
        *folder = g_steal_pointer(&path);
    return TRUE;
}

gboolean
pup_session_find_cache(PupSession *session, GError **error)
{
    if (session->cache_sought || session->options->disk_cache)
        return TRUE;
    session->cache_sought = TRUE;
    if (!find_partition(session, PUP_LABEL_CACHE, "cache", &session->cache_folder, error))
        return FALSE;
    if (session->cache_folder)
        pup_log("disk-cache", "partition " PUP_LABEL_CACHE);
    return TRUE;
}

static gboolean
names_export(const PupSession *session)
{
    return pup_domain_names_export(session->manifest->domain_template);
}

static PupName
name_of_manifest(const PupManifest *manifest)
{
    g_autoptr(GBytes) text = pup_manifest_format(manifest);
    PupName name;

    pup_name_of(g_bytes_get_data(text, NULL), g_bytes_get_size(text), &name);
    return name;
}

void
pup_session_stream(PupSession *session, PupStreamChangeFunc on_change, gpointer user)
{
    PupStreamConfig config = {
        .plugin = session->options->plugin,
        .server = session->options->server,
        .room = session->manifest->name,
        .version = session->manifest->version,
        .manifest = name_of_manifest(session->manifest),
        .pubkey = session->options->pubkey,
        .cache_mib = session->plan.cache_mib,
        .disk_cache = session->options->disk_cache ? session->options->disk_cache
                                                   : session->cache_folder,
        .mac = session->options->mac,
        .boot = session->boot,
        .peer_port = PEER_PORT,
        .socket = session->nbd_socket,
        .control = session->control_socket,
        .notify = session->notify_socket,
    };

    if (session->stream &&
        (pup_stream_child_has_failed(session->stream) ||
         !pup_stream_child_take(session->stream, &config, names_export(session))))
        g_clear_pointer(&session->stream, pup_stream_child_free);
    if (!session->stream)
        session->stream = pup_stream_child_new(&config, on_change, user);
}

gboolean
pup_session_stream_is_ready(const PupSession *session)
{
    return session->stream && pup_stream_child_is_ready(session->stream);
}

/* As the domain's template has it: the export is the version's number, or "". */
static char *
backing_address(const PupSession *session)
{
    if (!names_export(session))
        return g_strdup_printf("nbd+unix:///?socket=%s", session->nbd_socket);
    return g_strdup_printf("nbd+unix:///%u?socket=%s", session->manifest->version,
                           session->nbd_socket);
}

/* Where the guest's writes go. A disk that cannot be used is no reason not to start. */
static const char *
find_place(PupSession *session)
{
    if (session->options->overlay)
        return session->options->overlay;
    if (!session->disk_sought &&
        !find_partition(session, PUP_LABEL_OVERLAY, "writes", &session->overlay_folder,
                        &session->disk_problem))
        pup_log("overlay", "%s", session->disk_problem->message);
    session->disk_sought = TRUE;
    return session->overlay_folder;
}

static gboolean
open_overlay(PupSession *session, GError **error)
{
    const char *rundir = session->options->rundir;
    const char *place = find_place(session);

    /* One that was left behind may still be written to. */
    if (place || pup_overlay_is_left_over(rundir))
        pup_hypervisor_await(session->hypervisor);
    session->overlay = pup_overlay_new(place, rundir, session->plan.overlay_mib, error);
    if (!session->overlay)
        return FALSE;
    pup_log("overlay", "%s", pup_overlay_title(session->overlay));
    return TRUE;
}

gboolean
pup_session_overlay(PupSession *session, GError **error)
{
    g_autofree char *backing = backing_address(session);
    PupName name = name_of_manifest(session->manifest);

    if (!session->overlay && !open_overlay(session, error))
        return FALSE;
    if (!pup_overlay_make(session->overlay, backing, session->manifest->disk_bytes,
                          session->manifest->guest.kept ? &name : NULL, &session->past,
                          error))
        return FALSE;
    if (session->past == PUP_OVERLAY_AGAIN)
        pup_log("overlay", "what was kept goes on");
    return TRUE;
}

PupWords *
pup_session_overlay_words(const PupSession *session)
{
    gboolean lost = session->manifest->guest.kept && !pup_session_keeps(session);
    PupFacts facts = {.why = "it has no partition " PUP_LABEL_OVERLAY};

    if (session->past == PUP_OVERLAY_DAMAGED)
        return pup_words_new(PUP_SAY_KEPT_DAMAGED, NULL);
    if (session->past == PUP_OVERLAY_FULL)
        return pup_words_new(PUP_SAY_KEPT_FULL, NULL);
    if (session->disk_problem) {
        facts.why = session->disk_problem->message;
        return pup_words_new(lost ? PUP_SAY_DISK_UNUSED_LOST : PUP_SAY_DISK_UNUSED,
                             &facts);
    }
    return lost ? pup_words_new(PUP_SAY_NOTHING_KEPT, &facts) : NULL;
}

/* The card that the guest is bridged to. Its tap's driver is no part of the card's. */
static char *
card_to_use(const PupSession *session, GError **error)
{
    pup_module_load("macvtap");
    return pup_network_card(session->options->mac, error);
}

static gboolean
start_guest(gpointer user, const char *xml, GError **error)
{
    return pup_hypervisor_start(user, xml, error);
}

gboolean
pup_session_guest(PupSession *session, GError **error)
{
    const PupGuest *guest = &session->manifest->guest;
    g_autofree char *card = NULL;
    g_autofree char *refused = NULL;
    PupDomainSpec spec = {
        .guest = guest,
        .kvm = kvm_to_use(session),
        .cpus = pup_domain_cpus(guest->cpus, session->hardware->cpus),
        .memory_mib = session->plan.guest_mib,
        .mac = session->options->mac,
        .emulator = session->emulator,
        .overlay = pup_overlay_path(session->overlay),
        .overlay_is_block = pup_overlay_is_block(session->overlay),
        .nbd_socket = session->nbd_socket,
        .version = session->manifest->version,
        .serial_socket = session->serial_socket,
        .spice_socket = session->spice_socket,
        .nvram = session->nvram,
    };

    if (guest->net == PUP_NET_BRIDGE) {
        card = card_to_use(session, error);
        if (!card)
            return FALSE;
        spec.net_card = card;
    }
    unlink(session->nvram);
    if (!pup_launch(session->manifest->domain_template, &spec, start_guest,
                    session->hypervisor, &refused, error))
        return FALSE;
    if (refused) {
        pup_log("enlightenments", "left out: %s", refused);
        g_free(session->refused);
        session->refused = g_steal_pointer(&refused);
    }
    return TRUE;
}

PupWords *
pup_session_kvm_words(const PupSession *session)
{
    const PupFacts facts = {.why = session->refused};

    if (!session->refused)
        return NULL;
    return pup_words_hush(pup_words_new(PUP_SAY_NO_ENLIGHTENMENTS, &facts));
}

gint64
pup_session_made_ms(const PupSession *session)
{
    g_autoptr(GDateTime) made =
        g_date_time_new_from_iso8601(session->manifest->created, NULL);

    return made ? g_date_time_to_unix(made) * 1000 : 0;
}

void
pup_session_guest_ready(const PupSession *session)
{
    pup_notify_send(session->control_socket, "guest-ready");
}

void
pup_session_clear(PupSession *session)
{
    pup_hypervisor_end(session->hypervisor);
    unlink(session->spice_socket);
    unlink(session->nvram);
    if (session->overlay)
        pup_overlay_drop(session->overlay);
}

PupSpace
pup_session_space(const PupSession *session)
{
    return session->overlay ? pup_overlay_space(session->overlay) : (PupSpace){0};
}

gboolean
pup_session_is_full(const PupSession *session)
{
    return session->overlay && pup_overlay_is_full(session->overlay);
}

gboolean
pup_session_keeps(const PupSession *session)
{
    return session->manifest->guest.kept && session->overlay &&
           pup_overlay_can_keep(session->overlay);
}

PupUsb
pup_session_usb(const PupSession *session)
{
    return session->manifest->guest.usb;
}

gboolean
pup_session_is_emulated(const PupSession *session)
{
    return kvm_to_use(session) == 0;
}
