/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spice - the guest: its picture, pointer and sound to us, keys and motion to it
 *
 * The one file that includes spice-client.h.
 *
 *     spice = pup_spice_new(&events)
 *     pup_spice_connect(spice, "/run/pupitre/spice.sock")
 *     events.surface(...), events.damage(...) ...
 *     pup_spice_disconnect(spice)
 *
 * A socket that is not there yet, or breaks, is tried again until disconnect: the guest
 * is starting, or starting again. USB devices go to the guest when they are plugged in,
 * or were before, if the room lets their class through and the guest has a channel free.
 * Runs in the thread's default main context; all events are called from there.
 */
#pragma once

#include "client-image/screen/evdev.h"
#include "client-image/screen/input.h"
#include "client-image/screen/view.h"
#include "lib/usb.h"

/* What the guest does. Rectangles and places are in the guest's pixels. */
typedef struct {
    /* Another picture, or none (surface->data is NULL). Its bytes are valid until the
     * next call. @shown is the part of it that is on the guest's first monitor. */
    void (*surface)(gpointer user, const PupSurface *surface, PupRect shown);
    void (*damage)(gpointer user, PupRect rect);
    /* Another pointer; valid until the next call. */
    void (*cursor)(gpointer user, const PupCursor *cursor);
    /* The guest moved its pointer itself. */
    void (*cursor_moved)(gpointer user, int x, int y);
    /* TRUE: we say where the pointer is; FALSE: we pass motion on. */
    void (*mouse_mode)(gpointer user, gboolean is_ours);
    void (*leds)(gpointer user, PupLeds leds);
    /* The connection is over (and may come back). */
    void (*closed)(gpointer user);
    gpointer user;
} PupSpiceEvents;

typedef struct PupSpice PupSpice;

/* @events is copied. */
PupSpice *pup_spice_new(const PupSpiceEvents *events);
void pup_spice_free(PupSpice *spice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupSpice, pup_spice_free)

/* Connect to the Unix socket @path, afresh if there is a connection; @usb: what goes to
 * the guest. Cannot fail: see above. */
void pup_spice_connect(PupSpice *spice, const char *path, PupUsb usb);
/* Hang up and stop trying. */
void pup_spice_disconnect(PupSpice *spice);

/* Ask the guest, through its agent, for a picture of this size, now and whenever its
 * agent starts. 0 x 0: do not ask. */
void pup_spice_want_size(PupSpice *spice, int width, int height);

/* What the user does; ignored while there is no connection. */
void pup_spice_key(PupSpice *spice, unsigned linux_code, gboolean down);
void pup_spice_button(PupSpice *spice, PupButton button, gboolean down);
void pup_spice_wheel(PupSpice *spice, int steps);
void pup_spice_motion(PupSpice *spice, int dx, int dy);
void pup_spice_position(PupSpice *spice, int x, int y);
