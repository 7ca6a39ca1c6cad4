/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workshop's virtual machines, filled in, against kept files. */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/image/install_xml.h"
#include "server/image/machine_xml.h"

static char *
top_path(const char *path)
{
    return g_build_filename(g_getenv("PUP_TOP_SRCDIR"), path, NULL);
}

/* To keep a new text: PUP_KEEP=1 make check, and look at the difference. */
static void
check_golden(const PupMachine *machine, const char *name)
{
    g_autofree char *template = top_path("templates/workshop.xml");
    g_autofree char *sub = g_strdup_printf("tests/golden/machine/%s.xml", name);
    g_autofree char *path = top_path(sub);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = pup_machine_xml(template, machine, &error);
    g_autofree char *kept = NULL;

    unit_assert_no_error(error);
    if (g_getenv("PUP_KEEP"))
        assert_true(g_file_set_contents(path, text, -1, NULL));
    assert_true(g_file_get_contents(path, &kept, NULL, NULL));
    assert_string_equal(text, kept);
}

static void
check_install(PupInstallOs os, PupFirmware firmware, gboolean kvm, const char *name)
{
    PupGuest guest;
    const PupMachine machine = {
        .name = "pupitre-install-win",
        .title = "Pupitre installs master win",
        .guest = &guest,
        .kvm = kvm,
        .hyperv = kvm,
        .watched = TRUE,
        .local_time = pup_install_os_is_windows(os),
        .cpus = 2,
        .memory_mib = 4096,
        .emulator = "/usr/bin/qemu-system-x86_64",
        .disk = "/srv/a & b/.win.qcow2.tmp",
        .nvram = "/srv/run/install-win/nvram.fd",
        .iso = "/iso/win.iso",
        .drivers_iso = pup_install_os_is_windows(os) ? "/iso/virtio-win.iso" : NULL,
        .answers_iso = "/srv/run/install-win/answers.iso",
    };

    pup_install_os_guest(os, firmware, &guest);
    check_golden(&machine, name);
}

static void
test_installs(void **state)
{
    check_install(PUP_OS_WIN10, PUP_FIRMWARE_UEFI, TRUE, "install-win10");
    check_install(PUP_OS_WIN11, PUP_FIRMWARE_UEFI_SECURE, TRUE, "install-win11");
    check_install(PUP_OS_WIN11, PUP_FIRMWARE_UEFI_SECURE, FALSE,
                  "install-win11-emulated");
    check_install(PUP_OS_WINSERVER, PUP_FIRMWARE_BIOS, TRUE, "install-winserver-bios");
    check_install(PUP_OS_LINUX, PUP_FIRMWARE_UEFI, TRUE, "install-linux");
}

static PupMachine
bench_of(const PupGuest *guest)
{
    return (PupMachine){
        .name = "pupitre-edit-lab",
        .title = "Pupitre edits room lab",
        .guest = guest,
        .kvm = TRUE,
        .hyperv = TRUE,
        .cpus = 4,
        .memory_mib = 4096,
        .emulator = "/usr/bin/qemu-system-x86_64",
        .disk = "/srv/images/rooms/.lab.edit.qcow2",
        .nvram = "/srv/run/edit-lab/nvram.fd",
        .serial_log = "/srv/run/edit-lab/serial.log",
    };
}

static void
test_watched(void **state)
{
    PupGuest guest;
    PupMachine machine;

    pup_guest_defaults(&guest);
    guest.firmware = PUP_FIRMWARE_UEFI_SECURE;
    guest.tpm = TRUE;
    machine = bench_of(&guest);
    machine.watched = TRUE;
    machine.durable = TRUE;
    machine.local_time = TRUE;
    check_golden(&machine, "bench-watched");
}

static void
test_headless(void **state)
{
    PupGuest guest;
    PupMachine machine;

    pup_guest_defaults(&guest);
    guest.firmware = PUP_FIRMWARE_BIOS;
    guest.disk_bus = PUP_DISK_SATA;
    guest.display = PUP_DISPLAY_VGA;
    machine = bench_of(&guest);
    machine.kvm = FALSE;
    machine.local_time = TRUE;
    machine.timezone = "Europe/Paris";
    check_golden(&machine, "bench-headless-sata");
}

/* As little as a profile can ask for. */
static void
test_bare(void **state)
{
    PupGuest guest;
    PupMachine machine;

    pup_guest_defaults(&guest);
    guest.firmware = PUP_FIRMWARE_BIOS;
    guest.disk_bus = PUP_DISK_IDE;
    guest.display = PUP_DISPLAY_VIRTIO;
    guest.sound = guest.agent = guest.hyperv = FALSE;
    guest.usb = PUP_USB_NONE;
    machine = bench_of(&guest);
    check_golden(&machine, "bench-bare-ide");
}

static void
test_refused(void **state)
{
    g_autofree char *template = top_path("templates/workshop.xml");
    g_autoptr(GError) error = NULL;
    PupGuest guest;
    PupMachine machine;

    pup_guest_defaults(&guest);
    machine = bench_of(&guest);
    machine.title = "two\nlines";
    assert_null(pup_machine_xml(template, &machine, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "title");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_installs), cmocka_unit_test(test_watched),
        cmocka_unit_test(test_headless), cmocka_unit_test(test_bare),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
