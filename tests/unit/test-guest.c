/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/guest.h"
#include "lib/stage.h"

static void
test_defaults(void **state)
{
    PupGuest guest;
    memset(&guest, 0xff, sizeof guest);
    pup_guest_defaults(&guest);
    assert_int_equal(guest.memory_percent, 75);
    assert_int_equal(guest.memory_mib, 0);
    assert_int_equal(guest.cpus, 0);
    assert_int_equal(guest.firmware, PUP_FIRMWARE_UEFI);
    assert_int_equal(guest.display, PUP_DISPLAY_QXL);
    assert_int_equal(guest.disk_bus, PUP_DISK_VIRTIO);
    assert_int_equal(guest.net, PUP_NET_NAT);
    assert_false(guest.tpm);
    assert_true(guest.sound && guest.agent && guest.hyperv && guest.emulate);
    assert_int_equal(guest.usb, PUP_USB_ALL);
}

static void
test_equal(void **state)
{
    PupGuest base;
    pup_guest_defaults(&base);
    PupGuest changed[14];
    for (unsigned i = 0; i < G_N_ELEMENTS(changed); i++) {
        changed[i] = base;
        assert_true(pup_guest_equal(&base, &changed[i]));
    }
    changed[0].memory_percent = 50;
    changed[1].memory_mib = 1024;
    changed[2].cpus = 2;
    changed[3].firmware = PUP_FIRMWARE_BIOS;
    changed[4].display = PUP_DISPLAY_VGA;
    changed[5].disk_bus = PUP_DISK_IDE;
    changed[6].net = PUP_NET_NONE;
    changed[7].tpm = TRUE;
    changed[8].sound = FALSE;
    changed[9].usb = PUP_USB_STORAGE;
    changed[10].agent = FALSE;
    changed[11].hyperv = FALSE;
    changed[12].emulate = FALSE;
    changed[13].kept = TRUE;
    for (unsigned i = 0; i < G_N_ELEMENTS(changed); i++)
        assert_false(pup_guest_equal(&base, &changed[i]));
}

static void
test_words(void **state)
{
    static const char *const firmware[] = {"bios", "uefi", "uefi-secure"};
    static const char *const display[] = {"qxl", "virtio", "vga"};
    static const char *const disk[] = {"virtio", "sata", "ide"};
    static const char *const net[] = {"nat", "bridge", "none"};
    static const char *const clock[] = {"auto", "utc", "localtime"};
    PupFirmware f;
    PupDisplay d;
    PupDiskBus b;
    PupNet n;
    PupClock c;
    for (unsigned i = 0; i < 3; i++) {
        assert_true(pup_clock_parse(clock[i], &c));
        assert_string_equal(pup_clock_name(c), clock[i]);
        assert_true(pup_firmware_parse(firmware[i], &f));
        assert_string_equal(pup_firmware_name(f), firmware[i]);
        assert_true(pup_display_parse(display[i], &d));
        assert_string_equal(pup_display_name(d), display[i]);
        assert_true(pup_disk_bus_parse(disk[i], &b));
        assert_string_equal(pup_disk_bus_name(b), disk[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_true(pup_net_parse(net[i], &n));
        assert_string_equal(pup_net_name(n), net[i]);
    }
}

static void
test_unknown_words(void **state)
{
    static const char *const bad[] = {"", "BIOS", "uef", "uefi ", "virtio-gpu", "(null)"};
    PupFirmware f = PUP_FIRMWARE_UEFI_SECURE;
    PupDisplay d = PUP_DISPLAY_VGA;
    PupDiskBus b = PUP_DISK_IDE;
    PupNet n = PUP_NET_NONE;
    PupClock c = PUP_CLOCK_UTC;
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        assert_false(pup_firmware_parse(bad[i], &f));
        assert_false(pup_display_parse(bad[i], &d));
        assert_false(pup_disk_bus_parse(bad[i], &b));
        assert_false(pup_net_parse(bad[i], &n));
        assert_false(pup_clock_parse(bad[i], &c));
    }
    assert_int_equal(f, PUP_FIRMWARE_UEFI_SECURE);
    assert_int_equal(d, PUP_DISPLAY_VGA);
    assert_int_equal(b, PUP_DISK_IDE);
    assert_int_equal(n, PUP_NET_NONE);
    assert_int_equal(c, PUP_CLOCK_UTC);
}

static void
test_stages(void **state)
{
    static const char *const names[PUP_N_STAGES] = {
        "dhcp", "loader",      "kernel",        "client-image", "registered",
        "disk", "first-chunk", "guest-started", "guest-alive",
    };
    PupStage stage;
    for (unsigned i = 0; i < PUP_N_STAGES; i++) {
        assert_string_equal(pup_stage_name(i), names[i]);
        assert_true(pup_stage_title(i)[0] != '\0');
        assert_true(pup_stage_parse(names[i], &stage));
        assert_int_equal(stage, i);
    }
    assert_false(pup_stage_parse("", &stage));
    assert_false(pup_stage_parse("guest", &stage));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_equal),
        cmocka_unit_test(test_words),    cmocka_unit_test(test_unknown_words),
        cmocka_unit_test(test_stages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
