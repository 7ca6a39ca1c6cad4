/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server's own template, filled in for several PCs and rooms, against kept files. */
#include "config.h"

#include "tests/unit/unit.h"

#include "client-image/seat/launch.h"
#include "lib/domain_template.h"
#include "lib/error.h"

#define PARIS "CET-1CEST,M3.5.0,M10.5.0/3"

static char *
read_top(const char *path)
{
    g_autofree char *full = g_build_filename(g_getenv("PUP_TOP_SRCDIR"), path, NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    if (!g_file_get_contents(full, &text, NULL, &error))
        fail_msg("%s", error->message);
    return text;
}

static PupDomainSpec
plain_spec(const PupGuest *guest)
{
    return (PupDomainSpec){
        .guest = guest,
        .cpus = 4,
        .memory_mib = 6000,
        .mac = "52:54:00:12:34:56",
        .emulator = "/usr/bin/qemu-system-x86_64",
        .overlay = "/dev/zram1",
        .overlay_is_block = TRUE,
        .nbd_socket = "/run/pupitre/nbd.sock",
        .version = 7,
        .serial_socket = "/run/pupitre/serial.sock",
        .spice_socket = "/run/pupitre/spice.sock",
        .nvram = "/run/pupitre/nvram.fd",
    };
}

/* The server's template, as it is published for a room of @guest. */
static char *
read_template(const PupGuest *guest)
{
    const PupRoomProfile profile = {.guest = *guest};
    g_autofree char *text = read_top("templates/domain.xml");
    g_autoptr(GError) error = NULL;
    gboolean local = pup_room_profile_wants_local_time(&profile);
    char *settled =
        pup_domain_template_settle(text, &profile, local ? PARIS : NULL, &error);

    unit_assert_no_error(error);
    return settled;
}

/* To keep a new text: PUP_KEEP=1 make check, and look at the difference. */
static void
check_golden(const PupDomainSpec *spec, const char *name)
{
    g_autofree char *path = g_strdup_printf("tests/golden/domain/%s.xml", name);
    g_autofree char *template = read_template(spec->guest);
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = pup_domain_xml(template, spec, &error);

    unit_assert_no_error(error);
    if (g_getenv("PUP_KEEP")) {
        g_autofree char *full = g_build_filename(g_getenv("PUP_TOP_SRCDIR"), path, NULL);
        assert_true(g_file_set_contents(full, xml, -1, NULL));
    }
    g_autofree char *kept = read_top(path);
    assert_string_equal(xml, kept);
}

static void
test_bios_emulated(void **state)
{
    PupGuest guest;
    PupDomainSpec spec = plain_spec(&guest);

    pup_guest_defaults(&guest);
    guest.firmware = PUP_FIRMWARE_BIOS;
    spec.overlay = "/run/pupitre/overlay/overlay.qcow2";
    spec.overlay_is_block = FALSE;
    check_golden(&spec, "bios-emulated");
}

static void
test_uefi_kvm(void **state)
{
    PupGuest guest;
    PupDomainSpec spec = plain_spec(&guest);

    pup_guest_defaults(&guest);
    spec.kvm = PUP_KVM_RUNS | PUP_KVM_ARCH_CAPABILITIES | PUP_KVM_HYPERV;
    check_golden(&spec, "uefi-kvm");
}

static void
test_secure_tpm(void **state)
{
    PupGuest guest;
    PupDomainSpec spec = plain_spec(&guest);

    pup_guest_defaults(&guest);
    guest.firmware = PUP_FIRMWARE_UEFI_SECURE;
    guest.tpm = TRUE;
    guest.disk_bus = PUP_DISK_SATA;
    guest.display = PUP_DISPLAY_VIRTIO;
    spec.kvm = PUP_KVM_RUNS | PUP_KVM_ARCH_CAPABILITIES | PUP_KVM_HYPERV;
    check_golden(&spec, "secure-tpm-sata");
}

/* A KVM that lacks things, and a room that wants nothing. */
static void
test_bare_ide(void **state)
{
    PupGuest guest;
    PupDomainSpec spec = plain_spec(&guest);

    pup_guest_defaults(&guest);
    guest.firmware = PUP_FIRMWARE_BIOS;
    guest.disk_bus = PUP_DISK_IDE;
    guest.display = PUP_DISPLAY_VGA;
    guest.net = PUP_NET_NONE;
    guest.sound = guest.usb = guest.agent = guest.hyperv = FALSE;
    spec.kvm = PUP_KVM_RUNS | PUP_KVM_HYPERV;
    spec.cpus = 1;
    check_golden(&spec, "bare-ide");
}

static void
test_values_are_escaped(void **state)
{
    PupGuest guest;
    PupDomainSpec spec = plain_spec(&guest);
    g_autofree char *template = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = NULL;

    pup_guest_defaults(&guest);
    template = read_template(&guest);
    spec.overlay = "/tmp/<a&b>'\"";
    xml = pup_domain_xml(template, &spec, &error);
    unit_assert_no_error(error);
    assert_null(strstr(xml, "<a&b>"));
    assert_non_null(strstr(xml, "/tmp/&lt;a&amp;b&gt;"));
    spec.overlay = "/tmp/\n";
    assert_null(pup_domain_xml(template, &spec, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "overlay");
}

static void
test_template_of_another_kind(void **state)
{
    PupGuest guest;
    PupDomainSpec spec = plain_spec(&guest);
    g_autoptr(GError) error = NULL;

    pup_guest_defaults(&guest);
    assert_null(pup_domain_xml("<domain/>", &spec, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "domain.xml");
    assert_null(pup_domain_xml("{{floppy}}", &spec, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "floppy");
}

/* What was published before there were exports, or anything to settle, still renders. */
static void
test_older_template(void **state)
{
    PupGuest guest;
    PupDomainSpec spec = plain_spec(&guest);
    g_autofree char *template = NULL;
    g_autoptr(GString) older = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = NULL;

    pup_guest_defaults(&guest);
    template = read_template(&guest);
    older = g_string_new(template);
    g_string_replace(older, " name='{{nbd_export}}'", "", 0);
    g_string_replace(older, "offset='timezone' timezone='" PARIS "'",
                     "offset='{{#windows}}localtime{{/windows}}"
                     "{{^windows}}utc{{/windows}}'",
                     0);
    assert_true(pup_domain_names_export(template));
    assert_false(pup_domain_names_export(older->str));
    xml = pup_domain_xml(older->str, &spec, &error);
    unit_assert_no_error(error);
    assert_non_null(strstr(xml, "<source protocol='nbd'>"));
    assert_non_null(strstr(xml, "<clock offset='localtime'>"));
}

/* A room with the settings that there were from the first must run on the client images
 * of then: they stop at a tag that they do not know. */
static void
test_older_client_image(void **state)
{
    static const char *const known[] = {"uuid",
                                        "memory_mib",
                                        "cpus",
                                        "emulator",
                                        "overlay",
                                        "nbd_socket",
                                        "serial_socket",
                                        "spice_socket",
                                        "net_mac",
                                        "loader",
                                        "nvram_template",
                                        "nvram",
                                        "nbd_export",
                                        "kvm",
                                        "arch_capabilities",
                                        "hyperv",
                                        "windows",
                                        "uefi",
                                        "secure",
                                        "virtio",
                                        "sata",
                                        "ide",
                                        "qxl",
                                        "virtio_gpu",
                                        "vga",
                                        "block",
                                        "net",
                                        "tpm",
                                        "sound",
                                        "usb",
                                        "agent",
                                        NULL};
    PupGuest guest;
    g_autofree char *template = NULL;

    pup_guest_defaults(&guest);
    template = read_template(&guest);
    for (const char *at = strstr(template, "{{"); at; at = strstr(at + 2, "{{")) {
        g_autofree char *key = g_strndup(at + 2, strcspn(at + 2, "}"));
        if (key[0] != '!' &&
            !g_strv_contains(known, key + (strchr("#^/", key[0]) != NULL)))
            fail_msg("client images that are out do not know '%s'", key);
    }
}

/* A power cut may not take what is kept; a device's cache is none anyway. */
static void
test_kept(void **state)
{
    PupGuest guest;
    PupDomainSpec spec = plain_spec(&guest);
    g_autofree char *template = NULL;
    g_autofree char *file_xml = NULL;
    g_autofree char *block_xml = NULL;

    pup_guest_defaults(&guest);
    guest.kept = TRUE;
    template = read_template(&guest);
    block_xml = pup_domain_xml(template, &spec, NULL);
    assert_non_null(strstr(block_xml, "cache='none'"));
    spec.overlay_is_block = FALSE;
    file_xml = pup_domain_xml(template, &spec, NULL);
    assert_non_null(strstr(file_xml, "cache='writeback'"));
}

/* On the PC's card, with an address that is the PC's with another beginning. */
static void
test_bridge(void **state)
{
    PupGuest guest;
    PupDomainSpec spec = plain_spec(&guest);

    pup_guest_defaults(&guest);
    guest.net = PUP_NET_BRIDGE;
    spec.net_card = "enp0s25";
    check_golden(&spec, "bridge");
}

/* Without any, the firmware's tables are QEMU's own. */
static void
test_shares(void **state)
{
    PupRoomProfile profile = {.clock = PUP_CLOCK_UTC};
    PupDomainSpec spec = plain_spec(&profile.guest);
    g_autofree char *text = read_top("templates/domain.xml");
    g_autofree char *settled = NULL;
    g_autofree char *xml = NULL;

    pup_guest_defaults(&profile.guest);
    settled = pup_domain_template_settle(text, &profile, NULL, NULL);
    assert_null(strstr(settled, "smbios"));
    g_free(settled);
    profile.shares = (char *) "P=\\\\srv\\class,Q=\\\\srv\\a&b";
    settled = pup_domain_template_settle(text, &profile, NULL, NULL);
    xml = pup_domain_xml(settled, &spec, NULL);
    assert_non_null(strstr(xml, "<smbios mode='sysinfo'/>"));
    assert_non_null(strstr(xml, "<entry>pupitre-shares:P=\\\\srv\\class,"
                                "Q=\\\\srv\\a&amp;b</entry>"));
}

/* The clock is settled with the version, whatever the seat is. */
static void
test_clock(void **state)
{
    static const struct {
        PupClock clock;
        const char *rule, *expected;
    } rows[] = {
        {PUP_CLOCK_UTC, NULL, "<clock offset='utc'>"},
        {PUP_CLOCK_LOCALTIME, "<+03>-3",
         "<clock offset='timezone' timezone='&lt;+03&gt;-3'>"},
    };
    g_autofree char *text = read_top("templates/domain.xml");
    PupRoomProfile profile = {0};

    pup_guest_defaults(&profile.guest);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        PupDomainSpec spec = plain_spec(&profile.guest);
        g_autofree char *settled = NULL;
        g_autofree char *xml = NULL;

        profile.clock = rows[i].clock;
        settled = pup_domain_template_settle(text, &profile, rows[i].rule, NULL);
        xml = pup_domain_xml(settled, &spec, NULL);
        assert_non_null(strstr(xml, rows[i].expected));
    }
}

/* Two PCs differ, one PC stays the same, and the guest never has the PC's own address. */
static void
test_identity(void **state)
{
    g_autofree char *template = NULL;
    static const char *const macs[] = {"52:54:00:12:34:56", "00:1b:21:12:34:56",
                                       "52:54:00:12:34:56"};
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    PupGuest guest;
    PupDomainSpec spec = plain_spec(&guest);

    pup_guest_defaults(&guest);
    template = read_template(&guest);
    for (size_t i = 0; i < G_N_ELEMENTS(macs); i++) {
        char *xml;

        spec.mac = macs[i];
        xml = pup_domain_xml(template, &spec, NULL);
        g_ptr_array_add(texts, xml);
        assert_null(strstr(xml, macs[i]));
    }
    assert_string_equal(texts->pdata[0], texts->pdata[2]);
    assert_string_not_equal(texts->pdata[0], texts->pdata[1]);
    assert_non_null(strstr(texts->pdata[0], "'56:54:00:12:34:56'"));
    assert_non_null(strstr(texts->pdata[1], "'06:1b:21:12:34:56'"));
}

static void
test_cpus(void **state)
{
    assert_int_equal(pup_domain_cpus(0, 8), 8);
    assert_int_equal(pup_domain_cpus(2, 8), 2);
    assert_int_equal(pup_domain_cpus(16, 8), 8);
}

/* A KVM that refuses what it offers: QEMU starts only without any of @refuses. */
typedef struct {
    const char *refuses; /* NULL: nothing ever starts */
    unsigned n_tries;
} Kvm;

static gboolean
start_stub(gpointer user, const char *xml, GError **error)
{
    Kvm *kvm = user;

    kvm->n_tries++;
    if (kvm->refuses && !strstr(xml, kvm->refuses))
        return TRUE;
    pup_error_set(error, PUP_ERROR_IO,
                  "cannot start the guest: try %u: kernel doesn't allow setting HyperV "
                  "VP_INDEX",
                  kvm->n_tries);
    return FALSE;
}

static void
test_launch(void **state)
{
    static const struct {
        const char *refuses;
        gboolean hyperv; /* the room asks for them */
        PupKvmFeatures kvm;
        gboolean starts, falls_back;
        unsigned n_tries;
    } rows[] = {
        {"<nothing>", TRUE, PUP_KVM_RUNS | PUP_KVM_HYPERV, TRUE, FALSE, 1},
        {"<vpindex", TRUE, PUP_KVM_RUNS | PUP_KVM_HYPERV, TRUE, TRUE, 2},
        {"<synic", TRUE, PUP_KVM_RUNS | PUP_KVM_HYPERV, TRUE, TRUE, 2},
        {NULL, TRUE, PUP_KVM_RUNS | PUP_KVM_HYPERV, FALSE, FALSE, 2},
        {NULL, FALSE, PUP_KVM_RUNS | PUP_KVM_HYPERV, FALSE, FALSE, 1},
        {NULL, TRUE, PUP_KVM_RUNS, FALSE, FALSE, 1},
        {NULL, TRUE, 0, FALSE, FALSE, 1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        PupGuest guest;
        PupDomainSpec spec = plain_spec(&guest);
        Kvm kvm = {.refuses = rows[i].refuses};
        g_autoptr(GError) error = NULL;
        g_autofree char *refused = NULL;
        g_autofree char *template = NULL;

        pup_guest_defaults(&guest);
        guest.hyperv = rows[i].hyperv;
        spec.kvm = rows[i].kvm;
        template = read_template(&guest);
        assert_int_equal(pup_launch(template, &spec, start_stub, &kvm, &refused, &error),
                         rows[i].starts);
        assert_int_equal(kvm.n_tries, rows[i].n_tries);
        assert_int_equal(refused != NULL, rows[i].falls_back);
        if (rows[i].falls_back) {
            assert_non_null(strstr(refused, "VP_INDEX"));
            assert_int_equal(spec.kvm, PUP_KVM_RUNS);
        }
        if (!rows[i].starts)
            unit_assert_error(&error, PUP_ERROR_IO, "try 1");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bios_emulated),
        cmocka_unit_test(test_uefi_kvm),
        cmocka_unit_test(test_secure_tpm),
        cmocka_unit_test(test_bare_ide),
        cmocka_unit_test(test_values_are_escaped),
        cmocka_unit_test(test_template_of_another_kind),
        cmocka_unit_test(test_older_template),
        cmocka_unit_test(test_older_client_image),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_bridge),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_cpus),
        cmocka_unit_test(test_launch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
