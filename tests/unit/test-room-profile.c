/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/room_profile.h"

static PupRoomProfile *
parse(const char *text, GError **error)
{
    return pup_room_profile_parse("rooms/lab-101.conf", text, strlen(text), error);
}

static void
test_smallest(void **state)
{
    GError *error = NULL;
    PupGuest defaults;
    g_autoptr(PupRoomProfile) profile = parse("[room]\nmaster = win11\n", &error);
    unit_assert_no_error(error);
    pup_guest_defaults(&defaults);
    assert_string_equal(profile->title, "lab-101");
    assert_string_equal(profile->master, "win11");
    assert_int_equal(profile->master_version, 0);
    assert_int_equal(profile->n_seats, 0);
    assert_int_equal(profile->cache_mib, 0);
    assert_true(profile->peers);
    assert_null(profile->neighbourhood);
    assert_int_equal(profile->clock, PUP_CLOCK_AUTO);
    assert_null(profile->timezone);
    assert_null(profile->shares);
    assert_int_equal(profile->uplink_mbit_s, 0);
    assert_int_equal(profile->keep, 0);
    assert_int_equal(profile->keep_daily, 0);
    assert_true(pup_guest_equal(&profile->guest, &defaults));
}

static void
test_all_keys(void **state)
{
    GError *error = NULL;
    g_autoptr(PupRoomProfile) profile =
        parse("[room]\ntitle = Physics\nmaster = win11@3\ntake = idle\nidle = 30 min\n"
              "[seats]\npc01 = 52:54:00:12:34:56\npc02 = 52-54-00-AA-BB-CC\n"
              "[guest]\nmemory = 4096 MiB\ncpus = 4\nfirmware = uefi-secure\n"
              "display = virtio\ndisk = sata\nnetwork = none\ntpm = yes\nsound = no\n"
              "usb = video, storage\nagent = no\nhyperv = no\nemulate = no\n"
              "shares = P=//srv/class, q=\\\\srv\\x y\n"
              "persistence = until-regenerate\nclock = localtime\ntimezone = "
              "America/Port-au-Prince\n"
              "[seat]\ncache = 512 MiB\nneighbourhood = north\npeers = no\n"
              "uplink = 100 Mbit/s\n"
              "[versions]\nkeep = 5\nkeep_daily = 14 days\n",
              &error);
    unit_assert_no_error(error);
    const PupGuest expected = {
        .memory_mib = 4096,
        .cpus = 4,
        .firmware = PUP_FIRMWARE_UEFI_SECURE,
        .display = PUP_DISPLAY_VIRTIO,
        .disk_bus = PUP_DISK_SATA,
        .net = PUP_NET_NONE,
        .tpm = TRUE,
        .usb = PUP_USB_STORAGE | PUP_USB_VIDEO,
        .kept = TRUE,
    };
    assert_string_equal(profile->title, "Physics");
    assert_int_equal(profile->master_version, 3);
    assert_int_equal(profile->n_seats, 2);
    assert_string_equal(profile->seats[1].name, "pc02");
    assert_string_equal(profile->seats[1].mac, "52:54:00:aa:bb:cc");
    assert_int_equal(profile->cache_mib, 512);
    assert_false(profile->peers);
    assert_string_equal(profile->neighbourhood, "north");
    assert_string_equal(profile->shares, "P=\\\\srv\\class,q=\\\\srv\\x y");
    assert_int_equal(profile->clock, PUP_CLOCK_LOCALTIME);
    assert_string_equal(profile->timezone, "America/Port-au-Prince");
    assert_int_equal(profile->uplink_mbit_s, 100);
    assert_int_equal(profile->take, PUP_TAKE_IDLE);
    assert_int_equal(profile->idle_min, 30);
    assert_int_equal(profile->keep, 5);
    assert_int_equal(profile->keep_daily, 14);
    assert_true(pup_guest_equal(&profile->guest, &expected));
}

static void
test_memory(void **state)
{
    static const struct {
        const char *text;
        unsigned percent, mib;
    } good[] = {{"10%", 10, 0},
                {"95 %", 95, 0},
                {"16", 0, 16},
                {"4096", 0, 4096},
                {"4194304MiB", 0, 4194304}};
    static const char *const bad[] = {"9%",  "96%",      "15",    "4194305", "%",  "MiB",
                                      "-1%", "4096 KiB", "4 GiB", "75%%",    "all"};
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        GError *error = NULL;
        g_autofree char *text =
            g_strconcat("[room]\nmaster=a\n[guest]\nmemory = ", good[i].text, NULL);
        g_autoptr(PupRoomProfile) profile = parse(text, &error);
        unit_assert_no_error(error);
        assert_int_equal(profile->guest.memory_percent, good[i].percent);
        assert_int_equal(profile->guest.memory_mib, good[i].mib);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        GError *error = NULL;
        g_autofree char *text =
            g_strconcat("[room]\nmaster=a\n[guest]\nmemory = ", bad[i], NULL);
        assert_null(parse(text, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID,
                          "rooms/lab-101.conf:4: [guest] memory: ");
    }
}

static void
test_refused(void **state)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"", "rooms/lab-101.conf: [room] master: is missing"},
        {"[room]\nmaster = Win 11\n", "rooms/lab-101.conf:2: [room] master: 'Win 11'"},
        {"[room]\nmaster = a@0\n", "rooms/lab-101.conf:2: [room] master: "},
        {"[room]\nmaster = a\n\n# x\n[guest]\nmemry = 3\n",
         "rooms/lab-101.conf:6: [guest] memry: unknown key; known are memory, cpus"},
        {"[room]\nmaster = a\n[seats]\nPC 1 = 52:54:00:12:34:56\n",
         "rooms/lab-101.conf:4: [seats] PC 1: 'PC 1' is no name for a seat"},
        {"[room]\nmaster = a\n[seats]\npc1 = 52:54:00:12:34\n",
         "rooms/lab-101.conf:4: [seats] pc1: '52:54:00:12:34' is no MAC address"},
        {"[room]\nmaster = a\n[seats]\npc1 = 52:54:00:12:34:56\npc2 = 525400123456\n",
         "rooms/lab-101.conf:5: [seats] pc2: 52:54:00:12:34:56 is the MAC address of "
         "seat "
         "'pc1'"},
        {"[room]\nmaster = a\n[seats]\npc1 = 52:54:00:12:34:56\npc1 = "
         "52:54:00:12:34:57\n",
         "rooms/lab-101.conf:5: [seats] pc1: set twice, first in line 4"},
        {"[room]\nmaster = a\n[guest]\ncpus = 0\n",
         "rooms/lab-101.conf:4: [guest] cpus: "},
        {"[room]\nmaster = a\n[guest]\ncpus = 513\n", "from 1 to 512"},
        {"[room]\nmaster = a\n[guest]\nclock = local\n", "is none of auto|utc|localtime"},
        {"[room]\nmaster = a\n[guest]\ntimezone = ../../etc/passwd\n",
         "rooms/lab-101.conf:4: [guest] timezone: '../../etc/passwd' is no time zone"},
        {"[room]\nmaster = a\n[guest]\ntimezone = /etc/passwd\n", "is no time zone"},
        {"[room]\nmaster = a\n[guest]\ntimezone = Europe Paris\n", "is no time zone"},
        {"[room]\nmaster = a\n[guest]\nshares = class\n",
         "rooms/lab-101.conf:4: [guest] shares: 'class' is no share"},
        {"[room]\nmaster = a\n[guest]\nnetwork = lan\n", "is none of nat|bridge|none"},
        {"[room]\nmaster = a\n[guest]\nusb = disk\n",
         "rooms/lab-101.conf:4: [guest] usb: 'disk' is neither all nor none"},
        {"[room]\nmaster = a\n[seat]\ncache = 4194305\n",
         "rooms/lab-101.conf:4: [seat] cache"},
        {"[room]\nmaster = a\n[seat]\nneighbourhood = North Wing\n",
         "rooms/lab-101.conf:4: [seat] neighbourhood: 'North Wing' is no name"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        assert_null(parse(rows[i].text, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, rows[i].part);
    }
}

static void
test_add_seat(void **state)
{
    GError *error = NULL;
    g_autoptr(PupRoomProfile) profile = pup_room_profile_new("Lab", "win11", 0);
    assert_true(pup_room_profile_add_seat(profile, "pc1", "525400000001", &error));
    assert_false(pup_room_profile_add_seat(profile, "pc1", "525400000002", &error));
    unit_assert_error(&error, PUP_ERROR_EXISTS, "'pc1' is there");
    assert_false(pup_room_profile_add_seat(profile, "pc2", "52:54:00:00:00:01", &error));
    unit_assert_error(&error, PUP_ERROR_EXISTS, "of seat 'pc1'");
    assert_false(pup_room_profile_add_seat(profile, "", "525400000002", &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "seat");
    assert_false(pup_room_profile_add_seat(profile, "pc2", "x", &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "MAC");
    assert_int_equal(profile->n_seats, 1);
}

static void
test_too_many_seats(void **state)
{
    GError *error = NULL;
    g_autoptr(PupRoomProfile) profile = pup_room_profile_new("Lab", "win11", 0);
    for (unsigned i = 0; i <= PUP_ROOM_SEATS_MAX; i++) {
        g_autofree char *name = g_strdup_printf("pc%u", i);
        g_autofree char *mac = g_strdup_printf("525400%06x", i);
        assert_int_equal(pup_room_profile_add_seat(profile, name, mac, &error),
                         i < PUP_ROOM_SEATS_MAX);
    }
    unit_assert_error(&error, PUP_ERROR_INVALID, "at most");
}

static void
assert_same(const PupRoomProfile *a, const PupRoomProfile *b)
{
    assert_string_equal(a->title, b->title);
    assert_string_equal(a->master, b->master);
    assert_int_equal(a->master_version, b->master_version);
    assert_true(pup_guest_equal(&a->guest, &b->guest));
    assert_int_equal(a->cache_mib, b->cache_mib);
    assert_int_equal(a->peers, b->peers);
    assert_int_equal(a->uplink_mbit_s, b->uplink_mbit_s);
    assert_int_equal(a->take, b->take);
    assert_int_equal(a->idle_min, b->idle_min);
    assert_int_equal(a->keep, b->keep);
    assert_int_equal(a->keep_daily, b->keep_daily);
    assert_int_equal(g_strcmp0(a->neighbourhood, b->neighbourhood), 0);
    assert_int_equal(a->clock, b->clock);
    assert_int_equal(g_strcmp0(a->timezone, b->timezone), 0);
    assert_int_equal(g_strcmp0(a->shares, b->shares), 0);
    assert_int_equal(a->n_seats, b->n_seats);
    for (unsigned i = 0; i < a->n_seats; i++) {
        assert_string_equal(a->seats[i].name, b->seats[i].name);
        assert_string_equal(a->seats[i].mac, b->seats[i].mac);
    }
}

static void
test_format(void **state)
{
    GError *error = NULL;
    g_autoptr(PupRoomProfile) plain = pup_room_profile_new("Lab", "win11", 0);
    g_autoptr(PupRoomProfile) full =
        pup_room_profile_new("  [x]\n#1 = \xff \x1b ", "win11", 12);
    assert_true(pup_room_profile_add_seat(full, "pc2", "525400000002", &error));
    assert_true(pup_room_profile_add_seat(full, "pc1", "525400000001", &error));
    full->guest = (PupGuest){.memory_mib = 64,
                             .usb = PUP_USB_HID | PUP_USB_AUDIO,
                             .kept = TRUE,
                             .cpus = 3,
                             .firmware = PUP_FIRMWARE_BIOS,
                             .display = PUP_DISPLAY_VGA,
                             .disk_bus = PUP_DISK_IDE,
                             .net = PUP_NET_NONE,
                             .tpm = TRUE};
    full->cache_mib = 77;
    full->peers = FALSE;
    full->uplink_mbit_s = 100;
    full->take = PUP_TAKE_NOW;
    full->idle_min = 1440;
    full->keep = 7;
    full->keep_daily = 30;
    full->neighbourhood = g_strdup("north");
    full->clock = PUP_CLOCK_UTC;
    full->shares = g_strdup("P=\\\\srv\\class,q=\\\\srv\\x");
    full->timezone = g_strdup("Europe/Paris");
    const PupRoomProfile *const rows[] = {plain, full};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = pup_room_profile_format(rows[i]);
        g_autoptr(PupRoomProfile) again = parse(text, &error);
        unit_assert_no_error(error);
        assert_same(rows[i], again);
    }
}

/* The file that is written for the admin speaks of every key. */
static void
test_format_names_all_keys(void **state)
{
    g_autoptr(PupRoomProfile) plain = pup_room_profile_new("Lab", "win11", 0);
    g_autofree char *text = pup_room_profile_format(plain);
    for (const PupIniKey *key = pup_room_profile_keys; key->group; key++) {
        g_autofree char *line = g_strdup_printf("%s =", key->key);
        assert_non_null(strstr(text, key->help));
        if (strcmp(key->key, "*") != 0)
            assert_non_null(strstr(text, line));
    }
}

static void
test_local_time(void **state)
{
    static const struct {
        PupClock clock;
        gboolean hyperv, local;
    } rows[] = {
        {PUP_CLOCK_AUTO, TRUE, TRUE},       {PUP_CLOCK_AUTO, FALSE, FALSE},
        {PUP_CLOCK_UTC, TRUE, FALSE},       {PUP_CLOCK_UTC, FALSE, FALSE},
        {PUP_CLOCK_LOCALTIME, FALSE, TRUE}, {PUP_CLOCK_LOCALTIME, TRUE, TRUE},
    };
    g_autoptr(PupRoomProfile) profile = pup_room_profile_new("Lab", "win11", 0);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        profile->clock = rows[i].clock;
        profile->guest.hyperv = rows[i].hyperv;
        assert_int_equal(pup_room_profile_wants_local_time(profile), rows[i].local);
    }
}

static void
parse_changed(const char *text, size_t len, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupRoomProfile) profile = pup_room_profile_parse("p", text, len, &error);
    assert_int_equal(profile == NULL, error != NULL);
    if (error) {
        unit_assert_error(&error, PUP_ERROR_INVALID, "p:");
        return;
    }
    g_autofree char *formatted = pup_room_profile_format(profile);
    g_autoptr(PupRoomProfile) again =
        pup_room_profile_parse("p", formatted, strlen(formatted), &error);
    unit_assert_no_error(error);
    assert_same(profile, again);
}

static void
test_changed(void **state)
{
    static const char text[] = "[room]\r\ntitle = L\xc3\xa4"
                               "b\nmaster = win11@3\n"
                               "[seats]\npc01 = 52:54:00:12:34:56\n"
                               "[guest]\nmemory = 75%\ncpus = 4\ndisk = sata\ntpm = 1\n"
                               "[seat]\ncache = 512 MiB\nneighbourhood = n\nuplink = 7\n";
    unit_each_cut(text, sizeof text - 1, parse_changed, NULL);
    unit_each_flip(text, sizeof text - 1, parse_changed, NULL);
}

static void
test_too_large(void **state)
{
    GError *error = NULL;
    g_autofree char *text = g_strnfill(PUP_ROOM_PROFILE_MAX_BYTES + 1, '\n');
    assert_null(parse(text, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "larger than");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smallest),   cmocka_unit_test(test_all_keys),
        cmocka_unit_test(test_memory),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_add_seat),   cmocka_unit_test(test_too_many_seats),
        cmocka_unit_test(test_format),     cmocka_unit_test(test_format_names_all_keys),
        cmocka_unit_test(test_changed),    cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_local_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
