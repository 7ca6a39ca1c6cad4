/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the rules let through is asked of the library that SPICE's client asks. */
#include "config.h"

#include "tests/unit/unit.h"

#include <usbredirfilter.h>

#include "lib/usb.h"

static void
test_words(void **state)
{
    static const struct {
        const char *text, *again; /* NULL: refused */
    } rows[] = {
        {"all", "all"},
        {"yes", "all"},
        {"1", "all"},
        {"none", "none"},
        {"no", "none"},
        {"off", "none"},
        {"storage", "storage"},
        {"video, audio ,storage", "audio,storage,video"},
        {"audio,hid,image,printer,serial,smartcard,storage,vendor,video",
         "audio,hid,image,printer,serial,smartcard,storage,vendor,video"},
        {"", NULL},
        {",", NULL},
        {"storage,", NULL},
        {"storage,storage", NULL},
        {"all,storage", NULL},
        {"Storage", NULL},
        {"0x08", NULL},
        {"disk", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        PupUsb usb = PUP_USB_VENDOR;
        g_autofree char *again = NULL;

        assert_int_equal(pup_usb_parse(rows[i].text, &usb), rows[i].again != NULL);
        again = pup_usb_text(usb);
        assert_string_equal(again, rows[i].again ? rows[i].again : "vendor");
    }
}

typedef struct {
    const char *what;
    uint8_t device_class;
    int n_interfaces;
    uint8_t interfaces[3];
} Device;

static const Device stick = {"stick", 0x00, 1, {0x08}};
static const Device keyboard = {"keyboard", 0x00, 2, {0x03, 0x03}};
static const Device webcam = {"webcam with microphone", 0xef, 3, {0x0e, 0x0e, 0x01}};
static const Device modem = {"serial line", 0x02, 2, {0x02, 0x0a}};
static const Device vendor = {"network card", 0x00, 1, {0xff}};
static const Device bluetooth = {"Bluetooth", 0xe0, 1, {0xe0}};

static gboolean
passes(const char *usb_text, const Device *device)
{
    PupUsb usb = PUP_USB_NONE;
    g_autofree char *text = NULL;
    struct usbredirfilter_rule *rules = NULL;
    uint8_t zeros[3] = {0}, interfaces[3], protocol_1[3] = {1, 1, 1};
    int n_rules = 0, verdict;

    assert_true(pup_usb_parse(usb_text, &usb));
    text = pup_usb_filter(usb);
    assert_int_equal(usbredirfilter_string_to_rules(text, ",", "|", &rules, &n_rules), 0);
    memcpy(interfaces, device->interfaces, sizeof interfaces);
    verdict = usbredirfilter_check(rules, n_rules, device->device_class, 0, 0, interfaces,
                                   protocol_1, zeros, device->n_interfaces, 0x1234,
                                   0x5678, 0x0100, 0);
    free(rules);
    return verdict == 0;
}

static void
test_filter(void **state)
{
    static const struct {
        const char *usb;
        const Device *device;
        gboolean passes;
    } rows[] = {
        {"all", &stick, TRUE},
        {"all", &keyboard, FALSE},
        {"all", &webcam, TRUE},
        {"all", &modem, FALSE},
        {"all", &vendor, FALSE},
        {"all", &bluetooth, FALSE},
        {"none", &stick, FALSE},
        {"storage", &stick, TRUE},
        {"printer", &stick, FALSE},
        {"storage", &webcam, FALSE},
        {"video", &webcam, FALSE},
        {"audio,video", &webcam, TRUE},
        {"hid", &keyboard, TRUE},
        {"hid", &stick, FALSE},
        {"serial", &modem, TRUE},
        {"serial", &vendor, FALSE},
        {"vendor", &vendor, TRUE},
        {"audio,hid,image,printer,serial,smartcard,storage,vendor,video", &bluetooth,
         FALSE},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (passes(rows[i].usb, rows[i].device) != rows[i].passes)
            fail_msg("usb = %s, %s", rows[i].usb, rows[i].device->what);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_filter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
