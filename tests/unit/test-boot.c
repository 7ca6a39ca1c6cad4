/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rendered boot texts against kept files: tests/golden/boot. */
#include "config.h"

#include "tests/unit/unit.h"

#include <unistd.h>

#include "lib/file.h"
#include "server/boot/boot.h"
#include "server/boot/client_image.h"
#include "server/boot/dhcp.h"
#include "server/boot/dnsmasq.h"
#include "server/boot/loaders.h"

#define MAC "52:54:00:12:34:56"

static PupBootSite site = {NULL, "http://10.77.0.2:8080", 3};

static const PupBootSeat seat = {
    .mac = MAC,
    .room = "lab-101",
    .seat = "pc07",
    .image = "0123456789abcdef",
    .root_sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    .root_bytes = 57123456,
};

static const PupDnsmasqConf own = {
    .own = TRUE,
    .as_root = TRUE,
    .interface = "br0",
    .address = "10.77.0.2",
    .netmask = "255.255.255.0",
    .tftp_root = "/var/lib/pupitre/tftp",
    .range_first = "10.77.0.100",
    .range_last = "10.77.0.200",
    .lease_s = 3600,
    .lease_file = "/var/lib/pupitre/run/dnsmasq.leases",
};

/* The kept file @name is @text (taken over). With PUP_UPDATE_GOLDEN set, it becomes it.
 */
static void
check(const char *name, char *text, GError **error)
{
    if (!text)
        fail_msg("%s: %s", name, (*error)->message);
    g_autofree char *path = g_build_filename(g_getenv("PUP_TOP_SRCDIR"), "tests",
                                             "golden", "boot", name, NULL);
    g_autofree char *kept = NULL;
    if (g_getenv("PUP_UPDATE_GOLDEN"))
        g_file_set_contents(path, text, -1, NULL);
    assert_true(g_file_get_contents(path, &kept, NULL, NULL));
    assert_string_equal(text, kept);
    g_free(text);
}

static int
setup(void **state)
{
    site.data_dir = g_getenv("PUP_TOP_SRCDIR");
    return site.data_dir ? 0 : -1;
}

static void
test_scripts(void **state)
{
    GError *error = NULL;
    check("first.ipxe", pup_boot_first(&site, &error), &error);
    check("loader.ipxe", pup_boot_loader(&site, &error), &error);
    check("unknown.ipxe", pup_boot_unknown(&site, MAC, &error), &error);
    check("seat.ipxe", pup_boot_seat(&site, &seat, &error), &error);
    PupBootSeat guest = seat;
    guest.seat = NULL;
    guest.kernel_args = "console=tty0 console=ttyS0,115200";
    check("default-room.ipxe", pup_boot_seat(&site, &guest, &error), &error);
    check("error.ipxe",
          pup_boot_error(&site, MAC, "cannot open '/x/image.json': \"No\" ${such}\nfile",
                         &error),
          &error);
}

static void
test_dnsmasq(void **state)
{
    GError *error = NULL;
    check("own.conf", pup_dnsmasq_conf(&site, &own, &error), &error);
    PupDnsmasqConf full = own;
    full.as_root = FALSE;
    full.router = "10.77.0.1";
    full.dns = "10.77.0.3";
    full.router_adverts = TRUE;
    check("own-full.conf", pup_dnsmasq_conf(&site, &full, &error), &error);
    PupDnsmasqConf proxy = {
        .interface = "eno1",
        .address = "192.168.4.9",
        .netmask = "255.255.252.0",
        .tftp_root = "/var/lib/pupitre/tftp",
    };
    check("proxy.conf", pup_dnsmasq_conf(&site, &proxy, &error), &error);
}

/* What cannot be written safely is refused, not passed on to a PC's boot loader. */
static void
test_unsafe_values(void **state)
{
    static const char *const values[] = {
        "a;b", "a\nreboot", "${cls}", "a||b",  "a&&b",
        "a#b", "`x`",       "'x'",    "\"x\"", "a\\b",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(GError) error = NULL;
        PupBootSeat bad = seat;
        bad.kernel_args = values[i];
        if (pup_boot_seat(&site, &bad, &error))
            fail_msg("taken: %s", values[i]);
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID));
    }
}

static void
test_bad_dnsmasq(void **state)
{
    static const struct {
        const char *first, *last, *netmask, *interface;
    } cases[] = {
        {"10.77.1.100", "10.77.1.200", "255.255.255.0", "br0"},
        {"10.77.0.200", "10.77.0.100", "255.255.255.0", "br0"},
        {"10.77.0.100", "10.77.1.200", "255.255.255.0", "br0"},
        {"10.77.0.100", NULL, "255.255.255.0", "br0"},
        {"10.77.0.100", "10.77.0.x", "255.255.255.0", "br0"},
        {"10.77.0.100", "10.77.0.200", "24", "br0"},
        {"10.77.0.100", "10.77.0.200", "255.255.255.0", "br0\nport=53"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        PupDnsmasqConf conf = own;
        conf.range_first = cases[i].first;
        conf.range_last = cases[i].last;
        conf.netmask = cases[i].netmask;
        conf.interface = cases[i].interface;
        if (pup_dnsmasq_conf(&site, &conf, &error))
            fail_msg("case %u was taken", i);
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID));
    }
}

static void
write_image(const char *dir, const char *id, const char *json)
{
    g_autofree char *folder = g_build_filename(dir, id, NULL);
    g_autofree char *path = g_build_filename(folder, "image.json", NULL);
    g_autofree char *link = g_build_filename(dir, "current", NULL);
    g_mkdir_with_parents(folder, 0755);
    assert_true(g_file_set_contents(path, json, -1, NULL));
    g_unlink(link);
    assert_int_equal(symlink(id, link), 0);
}

static void
remove_image(const char *dir)
{
    g_autofree char *json = g_build_filename(dir, "current", "image.json", NULL);
    g_autofree char *folder = g_build_filename(dir, "img-1", NULL);
    g_autofree char *link = g_build_filename(dir, "current", NULL);
    g_unlink(json);
    g_unlink(link);
    g_rmdir(folder);
    g_rmdir(dir);
}

static void
test_client_image(void **state)
{
#define SHA "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    static const struct {
        const char *json;
        int code; /* -1: taken */
    } cases[] = {
        {"{\"format\":1,\"root_bytes\":7,\"root_sha256\":\"" SHA "\",\"more\":1}", -1},
        {"", PUP_ERROR_INVALID},
        {"[]", PUP_ERROR_INVALID},
        {"{\"format\":2}", PUP_ERROR_UNSUPPORTED},
        {"{\"format\":1,\"root_sha256\":\"" SHA "\"}", PUP_ERROR_INVALID},
        {"{\"format\":1,\"root_bytes\":0,\"root_sha256\":\"" SHA "\"}",
         PUP_ERROR_INVALID},
        {"{\"format\":1,\"root_bytes\":7,\"root_sha256\":\"AB\"}", PUP_ERROR_INVALID},
        {"{\"root_bytes\":7,\"root_sha256\":\"" SHA "\"}", PUP_ERROR_INVALID},
    };
    g_autofree char *dir = g_dir_make_tmp("pupitre-test-XXXXXX", NULL);
    g_autoptr(GError) none = NULL;
    assert_null(pup_client_image_current(dir, &none));
    assert_true(g_error_matches(none, PUP_ERROR, PUP_ERROR_NOT_FOUND));
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        write_image(dir, "img-1", cases[i].json);
        g_autoptr(PupClientImage) image = pup_client_image_current(dir, &error);
        if ((image != NULL) != (cases[i].code == -1))
            fail_msg("%s: %s", cases[i].json, image ? "taken" : error->message);
        if (!image) {
            assert_true(g_error_matches(error, PUP_ERROR, cases[i].code));
            continue;
        }
        assert_string_equal(image->id, "img-1");
        assert_string_equal(image->root_sha256, SHA);
        assert_int_equal(image->root_bytes, 7);
    }
    remove_image(dir);
}

static void
test_public_folders(void **state)
{
    g_autofree char *dir = g_dir_make_tmp("pupitre-test-XXXXXX", NULL);
    g_autofree char *inner = g_build_filename(dir, "inner", NULL);
    assert_int_equal(g_mkdir(inner, 0755), 0);
    assert_true(pup_loaders_public("/"));
    assert_false(pup_loaders_public(inner)); /* a temporary folder is private */
    assert_false(pup_loaders_public("/no/such/folder"));
    g_rmdir(inner);
    g_rmdir(dir);
}

/* As with an address in [server] and nothing in [dhcp]: the mode is proxy then. */
static void
test_dhcp_needs_interface(void **state)
{
    PupSettings settings = {
        .path = (char *) "/etc/pupitre/pupitre.conf",
        .state_dir = (char *) "/dev/null/state",
        .address = (char *) "10.77.0.2",
        .dhcp = PUP_DHCP_PROXY,
    };
    const PupBootSite nowhere = {0};
    g_autoptr(PupDhcp) dhcp = pup_dhcp_new(NULL, NULL);
    g_autoptr(GError) error = NULL;

    assert_false(pup_dhcp_apply(dhcp, &nowhere, &settings, &error));
    assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID));
    assert_non_null(strstr(error->message, "/etc/pupitre/pupitre.conf"));
    assert_non_null(strstr(error->message, "[dhcp] interface"));
}

/* The site's own DHCP server sends the same loaders; ours may do without them. */
static void
test_dhcp_off_has_loaders(void **state)
{
    char *dir = unit_make_dir();
    PupSettings settings = {
        .path = (char *) "pupitre.conf", .state_dir = dir, .dhcp = PUP_DHCP_OFF};
    const PupBootSite nowhere = {0};
    g_autoptr(PupDhcp) dhcp = pup_dhcp_new(NULL, NULL);
    g_autofree char *tftp = g_build_filename(dir, "tftp", NULL);
    g_autofree char *loader = g_build_filename(tftp, "undionly.kpxe", NULL);

    assert_true(pup_dhcp_apply(dhcp, &nowhere, &settings, NULL));
    assert_int_equal(g_file_test(loader, G_FILE_TEST_EXISTS),
                     g_file_test("/usr/lib/ipxe/undionly.kpxe", G_FILE_TEST_EXISTS));
    pup_file_remove_tree(tftp);
    unit_remove_dir(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_dnsmasq),
        cmocka_unit_test(test_unsafe_values),
        cmocka_unit_test(test_bad_dnsmasq),
        cmocka_unit_test(test_dhcp_needs_interface),
        cmocka_unit_test(test_dhcp_off_has_loaders),
        cmocka_unit_test(test_client_image),
        cmocka_unit_test(test_public_folders),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
