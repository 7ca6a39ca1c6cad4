/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session - one version on this PC: manifest, memory plan, stream, overlay, guest
 *
 *     pup_session_load(session, &target, &error)    task: manifest fetched and verified
 *     pup_session_stream(session, on_change, user)  main thread: stream started
 *     pup_session_overlay(session, &error)          task: overlay made
 *     pup_session_guest(session, &error)            task: guest started
 *     pup_session_clear(session)                    task: guest ended, overlay done with
 *     ... overlay, guest, clear again for each guest of this version; load for another
 *
 * The stream outlives its guests, and so does its cache: it goes on for the next version
 * of the room, unless that one wants another cache or cannot name the export that it
 * reads.
 *
 * Threads: one at a time; stream, unload and free in the main one.
 */
#pragma once

#include "client-image/common/http.h"
#include "client-image/seat/domain.h"
#include "client-image/seat/hardware.h"
#include "client-image/seat/options.h"
#include "client-image/seat/seat_machine.h"
#include "client-image/seat/space.h"
#include "client-image/seat/stream_child.h"
#include "client-image/seat/words.h"
#include "lib/usb.h"

typedef struct PupSession PupSession;

/* All borrowed. @emulator: path of QEMU. */
PupSession *pup_session_new(const PupSeatOptions *options, const PupHardware *hardware,
                            PupHypervisor *hypervisor, const char *emulator,
                            const char *boot);
void pup_session_free(PupSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupSession, pup_session_free)

/* Paths of the sockets under the run folder. */
const char *pup_session_spice_socket(const PupSession *session);
const char *pup_session_serial_socket(const PupSession *session);
const char *pup_session_notify_socket(const PupSession *session);

/* Forget a version that is not @target, and its overlay. */
void pup_session_unload(PupSession *session, const PupTarget *target);

/* Fetch and verify the manifest of @target, and plan the memory. Errors: those of
 * pup_room_version_fetch(), pup_memory_measure(); IO (the key); UNSUPPORTED (no KVM, and
 * the room wants it). */
gboolean pup_session_load(PupSession *session, PupHttp *http, const PupTarget *target,
                          GError **error);

/* Find this PC's disk cache, once; task. The stream uses it. Errors: those of
 * pup_partition_mount(); everything works without. */
gboolean pup_session_find_cache(PupSession *session, GError **error);

/* Have the stream serve the version: start it, unless one runs that can go on. */
void pup_session_stream(PupSession *session, PupStreamChangeFunc on_change,
                        gpointer user);
gboolean pup_session_stream_is_ready(const PupSession *session);

/* Make the overlay, or take the kept one again. Errors: those of pup_overlay_new() and
 * pup_overlay_make(). */
gboolean pup_session_overlay(PupSession *session, GError **error);

/* What people should know of it: that nothing is kept though the room says so, and the
 * like. New; NULL: nothing. */
PupWords *pup_session_overlay_words(const PupSession *session);

/* Start the guest, without enlightenments where KVM refuses them. Errors: INVALID (the
 * template), NOT_FOUND (the network card), those of pup_hypervisor_start(). */
gboolean pup_session_guest(PupSession *session, GError **error);

/* For the server: that it runs without them. New; NULL: nothing. */
PupWords *pup_session_kvm_words(const PupSession *session);

/* When the version was published, Unix milliseconds; 0: nobody can tell. */
gint64 pup_session_made_ms(const PupSession *session);

/* The guest is ready: tells the stream, whose record of the start ends here. */
void pup_session_guest_ready(const PupSession *session);

/* End the guest, drop what it wrote unless it is kept. */
void pup_session_clear(PupSession *session);

/* How full the overlay is; main thread while a guest runs. */
PupSpace pup_session_space(const PupSession *session);
gboolean pup_session_is_full(const PupSession *session);

/* TRUE when what the guest writes outlives it; main thread while a guest runs. */
gboolean pup_session_keeps(const PupSession *session);

/* The USB devices that the guest gets. */
PupUsb pup_session_usb(const PupSession *session);

/* TRUE when the guest runs in software. */
gboolean pup_session_is_emulated(const PupSession *session);
