/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * evdev - what the events of one input device mean
 *
 *     caps: what the device says it can do; pup_evdev_kinds() says what we take it for
 *     evdev = pup_evdev_new(&caps)
 *     pup_evdev_feed(evdev, &event, &sink)    each event as read; calls the sink
 *     pup_evdev_release(evdev, &sink)         device gone: nothing stays pressed
 *
 * Keyboards, mice, tablets and touch screens (absolute), touchpads (made relative; two
 * fingers scroll). Other devices (power button, lid, joystick, sensors) are of no kind:
 * they are left to whoever else wants them. Pure; one thread at a time.
 */
#pragma once

#include <glib.h>
#include <linux/input.h>

/* Absolute positions are told in 0 to PUP_EVDEV_RANGE, both sides included. */
#define PUP_EVDEV_RANGE 65535

typedef enum {
    PUP_EVDEV_KEYBOARD = 1 << 0,
    PUP_EVDEV_MOUSE = 1 << 1,
    PUP_EVDEV_ABSOLUTE = 1 << 2,
    PUP_EVDEV_TOUCHPAD = 1 << 3,
} PupEvdevKinds;

typedef enum {
    PUP_BUTTON_LEFT,
    PUP_BUTTON_MIDDLE,
    PUP_BUTTON_RIGHT,
    PUP_BUTTON_SIDE,
    PUP_BUTTON_EXTRA,
} PupButton;

/* The kernel's bit tables (EVIOCGBIT, EVIOCGPROP) and axes (EVIOCGABS). */
typedef struct {
    guint8 keys[KEY_MAX / 8 + 1];
    guint8 relative[REL_MAX / 8 + 1];
    guint8 absolute[ABS_MAX / 8 + 1];
    guint8 properties[INPUT_PROP_MAX / 8 + 1];
    struct {
        int min, max;
    } axis[2]; /* ABS_X, ABS_Y */
} PupEvdevCaps;

/* Whoever wants the events. */
typedef struct {
    void (*key)(gpointer user, unsigned linux_code, gboolean down);
    void (*button)(gpointer user, PupButton button, gboolean down);
    void (*motion)(gpointer user, int dx, int dy);
    void (*position)(gpointer user, int x, int y);
    void (*wheel)(gpointer user, int steps); /* positive: away from the user */
    gpointer user;
} PupEvdevSink;

typedef struct PupEvdev PupEvdev;

PupEvdevKinds pup_evdev_kinds(const PupEvdevCaps *caps);
PupEvdev *pup_evdev_new(const PupEvdevCaps *caps);
void pup_evdev_free(PupEvdev *evdev);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupEvdev, pup_evdev_free)

void pup_evdev_feed(PupEvdev *evdev, const struct input_event *event,
                    const PupEvdevSink *sink);
void pup_evdev_release(PupEvdev *evdev, const PupEvdevSink *sink);
