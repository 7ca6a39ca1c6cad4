/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * face - what people see of the seat: its screen, and its line in the server's list
 *
 * Threads: the main one.
 */
#pragma once

#include "client-image/seat/notices.h"
#include "client-image/seat/reporter.h"
#include "lib/usb.h"

typedef struct PupFace PupFace;

/* @on_told: see reporter.h. */
PupFace *pup_face_new(const char *rundir, const char *server, const char *mac,
                      const char *boot, PupToldFunc on_told, gpointer user);
void pup_face_free(PupFace *face);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupFace, pup_face_free)

/* The server knows this seat as @seat, and wants a report every @poll_s. */
void pup_face_registered(PupFace *face, const char *seat, unsigned poll_s);

/* What is going on. An error page stays until a guest runs: until then this is only
 * another try. @facts: NULL for none. */
void pup_face_working(PupFace *face, PupSituation situation, const PupFacts *facts);

/* @order could not be carried out (NONE: the guest crashed), because of @error; the
 * @n_failures'th in a row, from 0. */
void pup_face_failed(PupFace *face, PupSeatOrder order, const GError *error,
                     unsigned n_failures);

/* The server has no room for this PC, as @error says. */
void pup_face_unknown(PupFace *face, const GError *error);

/* The guest runs; its picture is at the SPICE socket @path, and it gets the USB devices
 * of @usb. */
void pup_face_guest(PupFace *face, const char *path, PupUsb usb);
/* It does not run any more: notices and the key are gone. */
void pup_face_guest_over(PupFace *face);

/* Set (@words are taken over) or clear (NULL) one of the notices. */
void pup_face_notice(PupFace *face, PupNotice notice, PupWords *words);

/* Have this key for us, not for the guest, which runs; "" ends this. */
void pup_face_catch(PupFace *face, const char *key);

/* The small line: what runs here. @emulated: without KVM. */
void pup_face_info(PupFace *face, const PupTarget *target, gboolean emulated);

/* State as in doc/http-api.md, static; version 0: none. */
void pup_face_state(PupFace *face, const char *state, unsigned version);

/* A stage was reached now. */
void pup_face_stage(PupFace *face, PupStage stage);

/* A start of a guest, and the PC's end, for the server: see reporter.h. */
void pup_face_start(PupFace *face, unsigned version);
void pup_face_reset(PupFace *face);
void pup_face_start_over(PupFace *face, const char *end);
void pup_face_off(PupFace *face);
