/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/evdev.h"

/* A finger's way over the whole touchpad, in pixels of motion. */
#define TOUCHPAD_PIXELS 1600
/* The same, in steps of the wheel, with two fingers. */
#define TOUCHPAD_STEPS 24
/* Presses and releases of a tablet kept back until its position is known. */
#define PENDING_MAX 16

struct PupEvdev {
    PupEvdevKinds kinds;
    PupEvdevCaps caps;
    guint8 held[KEY_MAX / 8 + 1];
    int dx, dy;     /* since the last report */
    int at[2];      /* last ABS_X, ABS_Y */
    gboolean moved; /* at changed since the last report */
    struct {
        unsigned code;
        gboolean down;
    } pending[PENDING_MAX];
    unsigned n_pending;
    int from[2]; /* touchpad: where the finger was, when has_from */
    gboolean has_from, two_fingers;
    int scrolled; /* touchpad: way that is not yet a step */
};

static gboolean
has(const guint8 *bits, unsigned bit)
{
    return (bits[bit / 8] & (1u << (bit % 8))) != 0;
}

PupEvdevKinds
pup_evdev_kinds(const PupEvdevCaps *caps)
{
    PupEvdevKinds kinds = 0;
    gboolean two_axes = has(caps->absolute, ABS_X) && has(caps->absolute, ABS_Y) &&
                        caps->axis[0].max > caps->axis[0].min &&
                        caps->axis[1].max > caps->axis[1].min;

    if (has(caps->keys, KEY_A) || has(caps->keys, KEY_KP1) || has(caps->keys, KEY_ENTER))
        kinds |= PUP_EVDEV_KEYBOARD;
    if (has(caps->relative, REL_X) && has(caps->relative, REL_Y))
        kinds |= PUP_EVDEV_MOUSE;
    if (two_axes && has(caps->keys, BTN_TOOL_FINGER) && has(caps->keys, BTN_TOUCH) &&
        !has(caps->properties, INPUT_PROP_DIRECT))
        kinds |= PUP_EVDEV_TOUCHPAD;
    else if (two_axes && (has(caps->keys, BTN_LEFT) || has(caps->keys, BTN_TOUCH)))
        kinds |= PUP_EVDEV_ABSOLUTE;
    return kinds;
}

PupEvdev *
pup_evdev_new(const PupEvdevCaps *caps)
{
    PupEvdev *evdev = g_new0(PupEvdev, 1);

    evdev->caps = *caps;
    evdev->kinds = pup_evdev_kinds(caps);
    return evdev;
}

void
pup_evdev_free(PupEvdev *evdev)
{
    g_free(evdev);
}

/* TRUE when @code is a button of a pointer; which one in *@button. */
static gboolean
button_of(const PupEvdev *evdev, unsigned code, PupButton *button)
{
    static const struct {
        unsigned code;
        PupButton button;
    } buttons[] = {
        {BTN_LEFT, PUP_BUTTON_LEFT},     {BTN_RIGHT, PUP_BUTTON_RIGHT},
        {BTN_MIDDLE, PUP_BUTTON_MIDDLE}, {BTN_SIDE, PUP_BUTTON_SIDE},
        {BTN_BACK, PUP_BUTTON_SIDE},     {BTN_EXTRA, PUP_BUTTON_EXTRA},
        {BTN_FORWARD, PUP_BUTTON_EXTRA}, {BTN_STYLUS, PUP_BUTTON_RIGHT},
    };

    if (code == BTN_TOUCH && (evdev->kinds & PUP_EVDEV_ABSOLUTE)) {
        *button = PUP_BUTTON_LEFT;
        return TRUE;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(buttons); i++)
        if (buttons[i].code == code) {
            *button = buttons[i].button;
            return TRUE;
        }
    return FALSE;
}

static void
press(PupEvdev *evdev, unsigned code, gboolean down, const PupEvdevSink *sink)
{
    PupButton button;

    if (button_of(evdev, code, &button))
        sink->button(sink->user, button, down);
    else if (code < BTN_MISC || code >= KEY_OK)
        sink->key(sink->user, code, down);
}

/* The way from the last place of the finger to this one, on axis @i, where the whole
 * touchpad's width is @full. */
static int
finger_way(PupEvdev *evdev, int i, int full)
{
    int span = evdev->caps.axis[0].max - evdev->caps.axis[0].min;

    return (int) ((gint64) (evdev->at[i] - evdev->from[i]) * full / span);
}

static void
report_finger(PupEvdev *evdev, const PupEvdevSink *sink)
{
    if (!has(evdev->held, BTN_TOUCH) || !evdev->has_from) {
        /* The finger came down: a place to count from. */
        evdev->has_from = has(evdev->held, BTN_TOUCH);
    } else if (evdev->two_fingers) {
        evdev->scrolled -= finger_way(evdev, 1, TOUCHPAD_STEPS * 100);
        if (evdev->scrolled / 100 != 0)
            sink->wheel(sink->user, evdev->scrolled / 100);
        evdev->scrolled %= 100;
    } else {
        int dx = finger_way(evdev, 0, TOUCHPAD_PIXELS);
        int dy = finger_way(evdev, 1, TOUCHPAD_PIXELS);
        if (dx != 0 || dy != 0)
            sink->motion(sink->user, dx, dy);
    }
    evdev->from[0] = evdev->at[0];
    evdev->from[1] = evdev->at[1];
}

static int
to_range(const PupEvdev *evdev, int i)
{
    int min = evdev->caps.axis[i].min, max = evdev->caps.axis[i].max;
    gint64 value = CLAMP(evdev->at[i], min, max);

    return (int) ((value - min) * PUP_EVDEV_RANGE / ((gint64) max - min));
}

/* The device has told all that happened at one time. */
static void
report(PupEvdev *evdev, const PupEvdevSink *sink)
{
    if (evdev->dx != 0 || evdev->dy != 0)
        sink->motion(sink->user, evdev->dx, evdev->dy);
    evdev->dx = evdev->dy = 0;
    if (evdev->moved && (evdev->kinds & PUP_EVDEV_ABSOLUTE))
        sink->position(sink->user, to_range(evdev, 0), to_range(evdev, 1));
    if (evdev->kinds & PUP_EVDEV_TOUCHPAD)
        report_finger(evdev, sink);
    evdev->moved = FALSE;
    for (unsigned i = 0; i < evdev->n_pending; i++)
        press(evdev, evdev->pending[i].code, evdev->pending[i].down, sink);
    evdev->n_pending = 0;
}

static void
feed_key(PupEvdev *evdev, const struct input_event *event, const PupEvdevSink *sink)
{
    guint8 bit = (guint8) (1u << (event->code % 8));

    if (event->code > KEY_MAX)
        return;
    if (event->code == BTN_TOOL_DOUBLETAP) {
        evdev->two_fingers = event->value != 0;
        evdev->has_from = FALSE;
    }
    if (event->value != 0)
        evdev->held[event->code / 8] |= bit;
    else
        evdev->held[event->code / 8] &= (guint8) ~bit;
    if (!(evdev->kinds & PUP_EVDEV_ABSOLUTE)) {
        press(evdev, event->code, event->value != 0, sink);
        return;
    }
    /* A press must find the pointer where this very report puts it. */
    if (evdev->n_pending == PENDING_MAX)
        report(evdev, sink);
    evdev->pending[evdev->n_pending].code = event->code;
    evdev->pending[evdev->n_pending++].down = event->value != 0;
}

static void
feed_relative(PupEvdev *evdev, const struct input_event *event, const PupEvdevSink *sink)
{
    if (event->code == REL_X)
        evdev->dx += event->value;
    else if (event->code == REL_Y)
        evdev->dy += event->value;
    else if (event->code == REL_WHEEL && event->value != 0)
        sink->wheel(sink->user, event->value);
}

void
pup_evdev_feed(PupEvdev *evdev, const struct input_event *event, const PupEvdevSink *sink)
{
    if (event->type == EV_KEY)
        feed_key(evdev, event, sink);
    else if (event->type == EV_REL)
        feed_relative(evdev, event, sink);
    else if (event->type == EV_ABS && (event->code == ABS_X || event->code == ABS_Y)) {
        evdev->at[event->code == ABS_Y] = event->value;
        evdev->moved = TRUE;
    } else if (event->type == EV_SYN && event->code == SYN_REPORT)
        report(evdev, sink);
    else if (event->type == EV_SYN && event->code == SYN_DROPPED)
        pup_evdev_release(evdev, sink); /* we do not know what came up meanwhile */
}

void
pup_evdev_release(PupEvdev *evdev, const PupEvdevSink *sink)
{
    evdev->n_pending = 0;
    for (unsigned code = 0; code <= KEY_MAX; code++)
        if (has(evdev->held, code)) {
            evdev->held[code / 8] &= (guint8) ~(1u << (code % 8));
            press(evdev, code, FALSE, sink);
        }
    evdev->has_from = evdev->two_fingers = FALSE;
}
