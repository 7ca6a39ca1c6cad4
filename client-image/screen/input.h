/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * input - all keyboards and pointers of the PC, now and as they come and go
 *
 * Reads /dev/input/event* raw, takes each device for itself alone (EVIOCGRAB: nothing
 * typed reaches the console), follows the folder by inotify. Sources run in the thread's
 * default main context; the sink is called from there.
 */
#pragma once

#include "client-image/screen/evdev.h"

typedef struct PupInput PupInput;

/* Lamps of the keyboards. */
typedef enum {
    PUP_LED_SCROLL = 1 << 0,
    PUP_LED_NUM = 1 << 1,
    PUP_LED_CAPS = 1 << 2,
} PupLeds;

/* Start reading; @sink is copied. Never NULL: a PC without input devices is one whose
 * keyboard was not plugged in yet. */
PupInput *pup_input_new(const PupEvdevSink *sink);

/* Release what is pressed, let the devices go. */
void pup_input_free(PupInput *input);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupInput, pup_input_free)

/* Light the lamps as the guest wants them, on all keyboards, later ones too. */
void pup_input_set_leds(PupInput *input, PupLeds leds);
