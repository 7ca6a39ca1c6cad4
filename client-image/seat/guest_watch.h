/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guest_watch - looks after a guest while it runs
 *
 * Its first sign of life, how full its overlay is, and its pauses: one that its disk
 * caused ends as soon as the stream serves again. The screen and the server are told.
 *
 * Threads: the main one; slow calls run in one of its own.
 */
#pragma once

#include "client-image/seat/face.h"
#include "client-image/seat/notes.h"
#include "client-image/seat/session.h"

typedef struct PupGuestWatch PupGuestWatch;

/* All borrowed; @server: its URL. */
PupGuestWatch *pup_guest_watch_new(PupFace *face, PupSession *session,
                                   PupHypervisor *hypervisor, const char *server);
void pup_guest_watch_free(PupGuestWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupGuestWatch, pup_guest_watch_free)

/* A guest runs; it is over. */
void pup_guest_watch_begin(PupGuestWatch *watch);
void pup_guest_watch_end(PupGuestWatch *watch);

/* It gave a sign of life: a byte, its agent, a picture. */
void pup_guest_watch_sign(PupGuestWatch *watch);

/* FULL, HALTED, RESUMED or AGENT happened to it. */
void pup_guest_watch_event(PupGuestWatch *watch, PupGuestEvent event);

/* Let people read @words, taken over, about the overlay, for a while. */
void pup_guest_watch_say(PupGuestWatch *watch, PupWords *words);

/* The stream or the screen said @note (also while no guest runs). */
void pup_guest_watch_note(PupGuestWatch *watch, PupNote note, const char *text);
