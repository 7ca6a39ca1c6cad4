/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/settings.h"

static PupSettings *
parse(const char *text, GError **error)
{
    return pup_settings_parse("/etc/p/pupitre.conf", text, strlen(text), error);
}

static void
test_defaults(void **state)
{
    GError *error = NULL;
    g_autoptr(PupSettings) settings = parse("", &error);
    unit_assert_no_error(error);
    assert_string_equal(settings->path, "/etc/p/pupitre.conf");
    assert_string_equal(settings->state_dir, PUP_LOCALSTATEDIR "/lib/pupitre");
    assert_string_equal(settings->rooms_dir, "/etc/p/rooms");
    assert_string_equal(settings->recipes_dir, "/etc/p/recipes");
    assert_null(settings->address);
    assert_int_equal(settings->port, 8080);
    assert_int_equal(settings->threads, 0);
    assert_int_equal(settings->dhcp, PUP_DHCP_PROXY);
    assert_null(settings->interface);
    assert_int_equal(settings->lease_s, 3600);
    assert_null(settings->default_room);
    assert_int_equal(settings->poll_s, 10);
    assert_int_equal(settings->masters_keep, 0);
    assert_string_equal(settings->kernel_args, "");
    assert_null(settings->libvirt_uri);
    assert_string_equal(settings->libvirt_pool, "pupitre");
    assert_int_equal(settings->accel, PUP_ACCEL_AUTO);
}

static void
test_all_keys(void **state)
{
    GError *error = NULL;
    g_autoptr(PupSettings) settings = parse(
        "[server]\nstate_dir = state\nrooms_dir = /srv/rooms\nrecipes_dir = r\naddress = "
        "10.0.0.1\n"
        "port = 80\nthreads = 4\n"
        "[dhcp]\nmode = own\ninterface = eth0.5\nfirst = 10.0.0.9\nlast = 10.0.1.1\n"
        "netmask = 255.255.254.0\nrouter = 10.0.0.254\ndns = 10.0.0.253\nlease = 600\n"
        "[seats]\nunknown = room lab-101\npoll = 3 s\n"
        "[client-image]\nkernel_args = console=ttyS0,115200n8 quiet\n"
        "[libvirt]\nuri = qemu:///system\npool = disks\naccel = emulate\n"
        "[masters]\nkeep = 3\n",
        &error);
    unit_assert_no_error(error);
    assert_string_equal(settings->state_dir, "/etc/p/state");
    assert_string_equal(settings->rooms_dir, "/srv/rooms");
    assert_string_equal(settings->recipes_dir, "/etc/p/r");
    assert_string_equal(settings->address, "10.0.0.1");
    assert_int_equal(settings->port, 80);
    assert_int_equal(settings->threads, 4);
    assert_int_equal(settings->dhcp, PUP_DHCP_OWN);
    assert_string_equal(settings->interface, "eth0.5");
    assert_string_equal(settings->range_first, "10.0.0.9");
    assert_string_equal(settings->range_last, "10.0.1.1");
    assert_string_equal(settings->netmask, "255.255.254.0");
    assert_string_equal(settings->router, "10.0.0.254");
    assert_string_equal(settings->dns, "10.0.0.253");
    assert_int_equal(settings->lease_s, 600);
    assert_string_equal(settings->default_room, "lab-101");
    assert_int_equal(settings->poll_s, 3);
    assert_int_equal(settings->masters_keep, 3);
    assert_string_equal(settings->kernel_args, "console=ttyS0,115200n8 quiet");
    assert_string_equal(settings->libvirt_uri, "qemu:///system");
    assert_string_equal(settings->libvirt_pool, "disks");
    assert_int_equal(settings->accel, PUP_ACCEL_EMULATE);
    g_autofree char *path = pup_settings_path(settings, "keys/server.sec");
    assert_string_equal(path, "/etc/p/state/keys/server.sec");
}

static void
test_refused(void **state)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"[server]\nprot = 80\n",
         ".conf:2: [server] prot: unknown key; known are state_dir"},
        {"[server]\nport = 0\n", ".conf:2: [server] port: '0' is not"},
        {"[server]\nport = 65536\n", ".conf:2: [server] port"},
        {"[server]\naddress = 10.0.0\n",
         ".conf:2: [server] address: '10.0.0' is no IPv4"},
        {"[server]\naddress = ::1\n", ".conf:2: [server] address: '::1' is no IPv4"},
        {"[libvirt]\npool = a/b\n", ".conf:2: [libvirt] pool: "},
        {"[libvirt]\naccel = tcg\n", ".conf:2: [libvirt] accel: 'tcg' is none of"},
        {"[dhcp]\nmode = relay\n", ".conf:2: [dhcp] mode: 'relay' is none of"},
        {"[dhcp]\nmode = own\n", ".conf:2: [dhcp] mode: own needs"},
        {"[dhcp]\nmode = own\nfirst = 10.0.0.1\n", ".conf:2: [dhcp] mode: own needs"},
        {"[dhcp]\nmode = own\nfirst = 10.0.0.9\nlast = 10.0.0.8\n",
         ".conf:4: [dhcp] last"},
        {"[dhcp]\nnetmask = 24\n", ".conf:2: [dhcp] netmask"},
        {"[dhcp]\nrouter = x\n", ".conf:2: [dhcp] router"},
        {"[dhcp]\ndns = 8.8.8.8,9.9.9.9\n", ".conf:2: [dhcp] dns"},
        {"[dhcp]\nlease = 119\n", ".conf:2: [dhcp] lease"},
        {"[dhcp]\ninterface = abcdefghijklmnop\n", ".conf:2: [dhcp] interface"},
        {"[dhcp]\ninterface = eth0 up\n", ".conf:2: [dhcp] interface"},
        {"[dhcp]\ninterface = ../eth0\n", ".conf:2: [dhcp] interface"},
        {"[seats]\nunknown = lab-101\n",
         ".conf:2: [seats] unknown: 'lab-101' is neither"},
        {"[seats]\nunknown = room\n", ".conf:2: [seats] unknown"},
        {"[seats]\nunknown = room Lab 101\n",
         ".conf:2: [seats] unknown: 'Lab 101' is no"},
        {"[seats]\npoll = 0\n", ".conf:2: [seats] poll"},
        {"[client-image]\nkernel_args = a;b\n", ".conf:2: [client-image] kernel_args"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        assert_null(parse(rows[i].text, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, rows[i].part);
    }
}

static void
test_default_text(void **state)
{
    GError *error = NULL;
    g_autofree char *text = pup_settings_default_text("/srv/pupitre");
    g_autoptr(PupSettings) settings = parse(text, &error);
    unit_assert_no_error(error);
    assert_string_equal(settings->state_dir, "/srv/pupitre");
    assert_int_equal(settings->port, 8080);
    for (const PupIniKey *key = pup_settings_keys; key->group; key++) {
        assert_non_null(strstr(text, key->key));
        assert_non_null(strstr(text, key->help));
    }
}

static void
test_load(void **state)
{
    GError *error = NULL;
    char *dir = unit_make_dir();
    g_autofree char *path = g_build_filename(dir, "pupitre.conf", NULL);
    g_autofree char *rooms = g_build_filename(dir, "rooms", NULL);
    assert_null(pup_settings_load(path, &error));
    unit_assert_error(&error, PUP_ERROR_NOT_FOUND, "pupitre init");
    assert_true(g_file_set_contents(path, "[server]\nport = 81\n", -1, NULL));
    g_autoptr(PupSettings) settings = pup_settings_load(path, &error);
    unit_assert_no_error(error);
    assert_int_equal(settings->port, 81);
    assert_string_equal(settings->rooms_dir, rooms);
    unit_remove_dir(dir);
}

static void
parse_changed(const char *text, size_t len, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupSettings) settings = pup_settings_parse("s", text, len, &error);
    assert_int_equal(settings == NULL, error != NULL);
    if (error)
        unit_assert_error(&error, PUP_ERROR_INVALID, "s:");
}

static void
test_changed(void **state)
{
    static const char text[] = "[server]\nstate_dir = /x\naddress = 10.0.0.1\nport = 80\n"
                               "[dhcp]\nmode = own\ninterface = eth0\nfirst = 10.0.0.9\n"
                               "last = 10.0.1.1\nlease = 600\n[seats]\n"
                               "unknown = room lab-101\n";
    unit_each_cut(text, sizeof text - 1, parse_changed, NULL);
    unit_each_flip(text, sizeof text - 1, parse_changed, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_all_keys),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_default_text),
        cmocka_unit_test(test_load),     cmocka_unit_test(test_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
