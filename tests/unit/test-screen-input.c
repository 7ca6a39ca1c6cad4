/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "client-image/screen/evdev.h"
#include "client-image/screen/keymap.h"
#include "client-image/screen/pointer.h"

static void
test_keymap_known(void **state)
{
    static const struct {
        unsigned key;
        guint code;
    } rows[] = {
        {KEY_ESC, 0x01},       {KEY_A, 0x1e},          {KEY_SPACE, 0x39},
        {KEY_F1, 0x3b},        {KEY_F10, 0x44},        {KEY_F11, 0x57},
        {KEY_F12, 0x58},       {KEY_102ND, 0x56},      {KEY_KPDOT, 0x53},
        {KEY_KPENTER, 0x11c},  {KEY_RIGHTCTRL, 0x11d}, {KEY_RIGHTALT, 0x138},
        {KEY_DELETE, 0x153},   {KEY_UP, 0x148},        {KEY_LEFTMETA, 0x15b},
        {KEY_COMPOSE, 0x15d},  {KEY_SYSRQ, 0x137},     {KEY_MUTE, 0x120},
        {KEY_NUMLOCK, 0x45},   {KEY_SCROLLLOCK, 0x46}, {KEY_RO, 0x73},
        {KEY_VOLUMEUP, 0x130},
    };
    guint codes[PUP_KEYMAP_CODES];

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_int_equal(pup_keymap_codes(rows[i].key, codes), 1);
        assert_int_equal(codes[0], rows[i].code);
    }
    assert_int_equal(pup_keymap_codes(KEY_PAUSE, codes), 2);
    assert_int_equal(codes[0], 0x21d);
    assert_int_equal(codes[1], 0x45);
    assert_int_equal(pup_keymap_codes(KEY_POWER, codes), 0);
    assert_int_equal(pup_keymap_codes(KEY_RESERVED, codes), 0);
    assert_int_equal(pup_keymap_codes(G_MAXUINT, codes), 0);
    assert_int_equal(pup_keymap_named("F1"), KEY_F1);
    assert_int_equal(pup_keymap_named("F9"), KEY_F9);
    assert_int_equal(pup_keymap_named("F12"), KEY_F12);
    assert_int_equal(pup_keymap_named("F13"), 0);
    assert_int_equal(pup_keymap_named("F"), 0);
    assert_int_equal(pup_keymap_named("9"), 0);
    assert_int_equal(pup_keymap_named(""), 0);
}

/* No two keys send the same, and none sends what is no scan code. */
static void
test_keymap_unique(void **state)
{
    unsigned sender[0x200] = {0};
    guint codes[PUP_KEYMAP_CODES];

    for (unsigned key = 0; key <= KEY_MAX; key++) {
        if (key == KEY_PAUSE || pup_keymap_codes(key, codes) == 0)
            continue;
        assert_in_range(codes[0], 1, 0x17f);
        assert_in_range(codes[0] & 0xff, 1, 0x7f);
        if (sender[codes[0]] != 0)
            fail_msg("keys %u and %u both send %#x", sender[codes[0]], key, codes[0]);
        sender[codes[0]] = key;
    }
}

/* What the sink was told, as text. */
static void
tell_key(gpointer user, unsigned code, gboolean down)
{
    g_string_append_printf(user, "%c%u ", down ? '+' : '-', code);
}

static void
tell_button(gpointer user, PupButton button, gboolean down)
{
    g_string_append_printf(user, "%cb%u ", down ? '+' : '-', (unsigned) button);
}

static void
tell_motion(gpointer user, int dx, int dy)
{
    g_string_append_printf(user, "m%d,%d ", dx, dy);
}

static void
tell_position(gpointer user, int x, int y)
{
    g_string_append_printf(user, "p%d,%d ", x, y);
}

static void
tell_wheel(gpointer user, int steps)
{
    g_string_append_printf(user, "w%d ", steps);
}

typedef struct {
    guint16 type, code;
    int value;
} Event;

static void
set(guint8 *bits, const int *list)
{
    for (; *list >= 0; list++)
        bits[*list / 8] |= (guint8) (1u << (*list % 8));
}

#define LIST(...) ((const int[]){__VA_ARGS__, -1})

static PupEvdevCaps
make_caps(const int *keys, const int *relative, const int *absolute,
          const int *properties)
{
    PupEvdevCaps caps = {.axis = {{0, 1000}, {0, 500}}};

    set(caps.keys, keys);
    set(caps.relative, relative);
    set(caps.absolute, absolute);
    set(caps.properties, properties);
    return caps;
}

static const int none[] = {-1};

static PupEvdevCaps
keyboard(void)
{
    return make_caps(LIST(KEY_A, KEY_ENTER), none, none, none);
}
static PupEvdevCaps
mouse(void)
{
    return make_caps(LIST(BTN_LEFT, BTN_RIGHT), LIST(REL_X, REL_Y, REL_WHEEL), none,
                     none);
}
static PupEvdevCaps
tablet(void)
{
    return make_caps(LIST(BTN_LEFT), none, LIST(ABS_X, ABS_Y), none);
}
static PupEvdevCaps
touch_screen(void)
{
    return make_caps(LIST(BTN_TOUCH), none, LIST(ABS_X, ABS_Y), LIST(INPUT_PROP_DIRECT));
}
static PupEvdevCaps
touchpad(void)
{
    return make_caps(LIST(BTN_LEFT, BTN_TOUCH, BTN_TOOL_FINGER), none, LIST(ABS_X, ABS_Y),
                     LIST(INPUT_PROP_POINTER));
}

static void
test_kinds(void **state)
{
    PupEvdevCaps power = make_caps(LIST(KEY_POWER), none, none, none);
    PupEvdevCaps joystick = make_caps(LIST(BTN_TRIGGER), none, LIST(ABS_X, ABS_Y), none);
    PupEvdevCaps sensor = make_caps(none, none, LIST(ABS_X, ABS_Y), none);
    PupEvdevCaps flat = tablet();
    PupEvdevCaps keys = keyboard(), rel = mouse(), abs = tablet(), glass = touch_screen(),
                 pad = touchpad();

    flat.axis[1].max = 0;
    assert_int_equal(pup_evdev_kinds(&power), 0);
    assert_int_equal(pup_evdev_kinds(&joystick), 0);
    assert_int_equal(pup_evdev_kinds(&sensor), 0);
    assert_int_equal(pup_evdev_kinds(&flat), 0);
    assert_int_equal(pup_evdev_kinds(&keys), PUP_EVDEV_KEYBOARD);
    assert_int_equal(pup_evdev_kinds(&rel), PUP_EVDEV_MOUSE);
    assert_int_equal(pup_evdev_kinds(&abs), PUP_EVDEV_ABSOLUTE);
    assert_int_equal(pup_evdev_kinds(&glass), PUP_EVDEV_ABSOLUTE);
    assert_int_equal(pup_evdev_kinds(&pad), PUP_EVDEV_TOUCHPAD);
}

#define SYN                                                                              \
    {                                                                                    \
        EV_SYN, SYN_REPORT, 0                                                            \
    }
#define END                                                                              \
    {                                                                                    \
        0xffff, 0, 0                                                                     \
    }

static void
test_events(void **state)
{
    static const struct {
        const char *name;
        PupEvdevCaps (*caps)(void);
        Event events[12];
        const char *told;
    } rows[] = {
        {"a key, repeated",
         keyboard,
         {{EV_KEY, KEY_A, 1}, SYN, {EV_KEY, KEY_A, 2}, SYN, {EV_KEY, KEY_A, 0}, SYN, END},
         "+30 +30 -30 "},
        {"unplugged with a key down",
         keyboard,
         {{EV_KEY, KEY_A, 1}, SYN, END},
         "+30 |-30 "},
        {"events were lost",
         keyboard,
         {{EV_KEY, KEY_A, 1}, {EV_SYN, SYN_DROPPED, 0}, SYN, END},
         "+30 -30 "},
        {"a mouse moves and clicks",
         mouse,
         {{EV_REL, REL_X, 3},
          {EV_REL, REL_Y, -2},
          SYN,
          {EV_KEY, BTN_RIGHT, 1},
          SYN,
          {EV_KEY, BTN_RIGHT, 0},
          SYN,
          END},
         "m3,-2 +b2 -b2 "},
        {"the wheel turns", mouse, {{EV_REL, REL_WHEEL, -1}, SYN, END}, "w-1 "},
        {"a press comes after its place",
         tablet,
         {{EV_KEY, BTN_LEFT, 1}, {EV_ABS, ABS_X, 1000}, {EV_ABS, ABS_Y, 250}, SYN, END},
         "p65535,32767 +b0 |-b0 "},
        {"out of range",
         tablet,
         {{EV_ABS, ABS_X, -5}, {EV_ABS, ABS_Y, 9999}, SYN, END},
         "p0,65535 "},
        {"a finger on the glass clicks",
         touch_screen,
         {{EV_KEY, BTN_TOUCH, 1},
          {EV_ABS, ABS_X, 500},
          SYN,
          {EV_KEY, BTN_TOUCH, 0},
          SYN,
          END},
         "p32767,0 +b0 -b0 "},
        {"a finger on the pad moves from where it came down",
         touchpad,
         {{EV_KEY, BTN_TOUCH, 1},
          {EV_ABS, ABS_X, 500},
          {EV_ABS, ABS_Y, 100},
          SYN,
          {EV_ABS, ABS_X, 510},
          SYN,
          {EV_KEY, BTN_TOUCH, 0},
          SYN,
          END},
         "m16,0 "},
        {"two fingers scroll",
         touchpad,
         {{EV_KEY, BTN_TOUCH, 1},
          {EV_KEY, BTN_TOOL_DOUBLETAP, 1},
          {EV_ABS, ABS_Y, 100},
          SYN,
          {EV_ABS, ABS_Y, 200},
          SYN,
          END},
         "w-2 "},
        {"a code that is none", keyboard, {{EV_KEY, 0xffff, 1}, SYN, END}, ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) told = g_string_new(NULL);
        const PupEvdevSink sink = {tell_key,      tell_button, tell_motion,
                                   tell_position, tell_wheel,  told};
        PupEvdevCaps caps = rows[i].caps();
        g_autoptr(PupEvdev) evdev = pup_evdev_new(&caps);
        for (const Event *event = rows[i].events; event->type != 0xffff; event++) {
            struct input_event raw = {
                .type = event->type, .code = event->code, .value = event->value};
            pup_evdev_feed(evdev, &raw, &sink);
        }
        gsize before = told->len;
        pup_evdev_release(evdev, &sink);
        if (told->len > before)
            g_string_insert_c(told, (gssize) before, '|');
        if (strcmp(told->str, rows[i].told) != 0)
            fail_msg("%s: '%s', not '%s'", rows[i].name, told->str, rows[i].told);
    }
}

static void
test_pointer(void **state)
{
    PupPointer pointer;

    pup_pointer_reset(&pointer, 1920, 1080);
    assert_int_equal(pointer.x, 960);
    pup_pointer_move(&pointer, 3, -2);
    assert_int_equal(pointer.x, 963);
    assert_int_equal(pointer.y, 538);
    pup_pointer_move(&pointer, 40, 0);
    assert_true(pointer.x > 963 + 60 && pointer.x <= 963 + 120);
    for (int i = 0; i < 100; i++)
        pup_pointer_move(&pointer, 127, 127);
    assert_int_equal(pointer.x, 1919);
    assert_int_equal(pointer.y, 1079);
    pup_pointer_place(&pointer, 0, PUP_EVDEV_RANGE);
    assert_int_equal(pointer.x, 0);
    assert_int_equal(pointer.y, 1079);

    /* On a screen of 1.5 times the height, two counts are three pixels, none lost. */
    pup_pointer_reset(&pointer, 3000, 1620);
    pup_pointer_move(&pointer, 1, 0);
    pup_pointer_move(&pointer, 1, 0);
    assert_int_equal(pointer.x, 1503);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keymap_known), cmocka_unit_test(test_keymap_unique),
        cmocka_unit_test(test_kinds),        cmocka_unit_test(test_events),
        cmocka_unit_test(test_pointer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
