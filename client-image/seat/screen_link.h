/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * screen_link - tells pupitre-screen what to show (client-image/common/notify.h)
 *
 * Remembers what should be on the screen and says it again to a screen that starts later
 * or anew: a message that nobody hears is lost. Everything said goes to the log too.
 *
 * Threads: the main one.
 */
#pragma once

#include "client-image/seat/words.h"
#include "lib/usb.h"

typedef struct PupScreenLink PupScreenLink;

/* @path: of the screen's socket, which need not be there. */
PupScreenLink *pup_screen_link_new(const char *path);
void pup_screen_link_free(PupScreenLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupScreenLink, pup_screen_link_free)

/* What goes on now; takes the place of the guest's picture, of an error, and of an
 * unknown PC's page. */
void pup_screen_stage(PupScreenLink *link, const PupWords *words);

/* A page; @code is for the admin. */
void pup_screen_error(PupScreenLink *link, const char *code, const PupWords *words);

/* The page of a PC that no room has. */
void pup_screen_unknown(PupScreenLink *link, const char *mac, const PupWords *words);

/* Show the guest at the SPICE socket @path, and give it the USB devices of @usb. */
void pup_screen_guest(PupScreenLink *link, const char *path, PupUsb usb);

/* The small second line; "" clears. */
void pup_screen_info(PupScreenLink *link, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The banner over everything; NULL clears. */
void pup_screen_notice(PupScreenLink *link, const PupWords *words);

/* The key @key, "F1" to "F12", is not the guest's: PUP_NOTE_KEY comes when it is pressed;
 * "" ends this. */
void pup_screen_catch(PupScreenLink *link, const char *key);
