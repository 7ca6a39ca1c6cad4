/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/room_profile.h"

#include "lib/error.h"
#include "lib/ident.h"
#include "lib/shares.h"

#include <string.h>

#define SUFFIX ".conf"
#define KEPT "until-regenerate"
#define IDLE_MIN 15u /* as in the table */

const PupIniKey pup_room_profile_keys[] = {
    {"room", "title", PUP_INI_STRING, NULL, NULL, 0, 0, NULL,
     "The room's title, for people. Default: its name"},
    {"room", "master", PUP_INI_STRING, NULL, NULL, 0, 0, NULL,
     "The master that the room derives from: NAME (its current version) or NAME@VERSION"},
    {"room", "take", PUP_INI_CHOICE, "next-boot", NULL, 0, 0, "next-boot|idle|now",
     "When a PC whose guest runs takes a new version: when its guest starts next, once "
     "nobody uses it, or after a countdown of a minute"},
    {"room", "idle", PUP_INI_UINT, "15", "min", PUP_TAKE_IDLE_MIN, PUP_TAKE_IDLE_MAX,
     NULL, "So long without keyboard and mouse, nobody uses a PC"},
    {"seats", "*", PUP_INI_STRING, NULL, NULL, 0, 0, NULL,
     "One line a PC: NAME = MAC address of its network card"},
    {"guest", "memory", PUP_INI_STRING, "75%", "MiB", 0, 0, NULL,
     "The guest's memory: a share of the PC's (10% to 95%) or a size"},
    {"guest", "cpus", PUP_INI_STRING, "all", NULL, 0, 0, NULL,
     "The guest's CPUs: all of the PC's, or 1 to 512"},
    {"guest", "firmware", PUP_INI_CHOICE, "uefi", NULL, 0, 0, "bios|uefi|uefi-secure",
     "The guest's firmware: the one that its disk was installed with"},
    {"guest", "display", PUP_INI_CHOICE, "qxl", NULL, 0, 0, "qxl|virtio|vga",
     "The guest's graphics card"},
    {"guest", "disk", PUP_INI_CHOICE, "virtio", NULL, 0, 0, "virtio|sata|ide",
     "How the guest sees its disk: virtio is fastest, but needs its driver in the guest"},
    {"guest", "network", PUP_INI_CHOICE, "nat", NULL, 0, 0, "nat|bridge|none",
     "The guest's network: through the PC's address, as a machine of its own beside the "
     "PC, or none"},
    {"guest", "clock", PUP_INI_CHOICE, "auto", NULL, 0, 0, "auto|utc|localtime",
     "The time of the guest's clock hardware; auto: localtime for Windows (hyperv = "
     "yes), "
     "else utc"},
    {"guest", "timezone", PUP_INI_STRING, NULL, NULL, 0, 0, NULL,
     "The time zone of localtime, such as Europe/Paris. Default: the server's"},
    {"guest", "tpm", PUP_INI_BOOL, "no", NULL, 0, 0, NULL,
     "A TPM 2.0; it forgets everything at the guest's end"},
    {"guest", "sound", PUP_INI_BOOL, "yes", NULL, 0, 0, NULL, "A sound card"},
    {"guest", "usb", PUP_INI_STRING, "all", NULL, 0, 0, NULL,
     "USB devices of the PC that go to the guest: all, none, or classes of audio, hid, "
     "image, printer, serial, smartcard, storage, vendor, video"},
    {"guest", "agent", PUP_INI_BOOL, "yes", NULL, 0, 0, NULL,
     "Channels for the agents inside the guest"},
    {"guest", "hyperv", PUP_INI_BOOL, "yes", NULL, 0, 0, NULL,
     "Hyper-V enlightenments: faster for Windows"},
    {"guest", "persistence", PUP_INI_CHOICE, "session", NULL, 0, 0,
     "session|until-regenerate",
     "How long a PC keeps what its guest writes: until the guest ends, or, on a local "
     "partition PUPITRE-OVERLAY, until the room's next version"},
    {"guest", "shares", PUP_INI_STRING, NULL, NULL, 0, 0, NULL,
     "Network shares that the guest is told of, up to 16 with commas between: "
     "NAME=\\\\SERVER\\SHARE. Default: none"},
    {"guest", "emulate", PUP_INI_BOOL, "yes", NULL, 0, 0, NULL,
     "On a PC without hardware virtualisation: run slowly in software, or refuse"},
    {"versions", "keep", PUP_INI_UINT, "0", NULL, 0, PUP_KEEP_MAX, NULL,
     "How many of the room's versions stay; 0, and keep_daily 0, too: all"},
    {"versions", "keep_daily", PUP_INI_UINT, "0", "days", 0, PUP_KEEP_DAYS_MAX, NULL,
     "Besides, the last version of each of that many days on which there is one"},
    {"seat", "cache", PUP_INI_UINT, "0", "MiB", 0, PUP_CACHE_MIB_MAX, NULL,
     "Bound of a seat's chunk cache; 0: a quarter of its memory"},
    {"seat", "peers", PUP_INI_BOOL, "yes", NULL, 0, 0, NULL,
     "Seats ask each other for chunks before they ask the server"},
    {"seat", "neighbourhood", PUP_INI_STRING, NULL, NULL, 0, 0, NULL,
     "Seats of the rooms that name the same one ask each other. Default: the room's "
     "name"},
    {"seat", "uplink", PUP_INI_UINT, "0", "Mbit/s", 0, PUP_UPLINK_MBIT_S_MAX, NULL,
     "What a seat may send to others; 0: no limit"},
    {NULL},
};

static PupRoomProfile *
profile_new(void)
{
    PupRoomProfile *profile = g_new0(PupRoomProfile, 1);
    pup_guest_defaults(&profile->guest);
    profile->peers = TRUE;
    profile->idle_min = IDLE_MIN;
    return profile;
}

void
pup_room_profile_free(PupRoomProfile *profile)
{
    if (!profile)
        return;
    for (unsigned i = 0; i < profile->n_seats; i++) {
        g_free(profile->seats[i].name);
        g_free(profile->seats[i].mac);
    }
    g_free(profile->seats);
    g_free(profile->title);
    g_free(profile->master);
    g_free(profile->shares);
    g_free(profile->timezone);
    g_free(profile->neighbourhood);
    g_free(profile);
}

/* One line of text that the file can hold: no control characters, no blanks around. */
static char *
clean_title(const char *title)
{
    g_autofree char *text = g_utf8_make_valid(title, -1);
    GString *clean = g_string_new(NULL);
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        g_string_append_unichar(clean, g_unichar_iscntrl(c) ? ' ' : c);
    }
    return g_strstrip(g_string_free(clean, FALSE));
}

PupRoomProfile *
pup_room_profile_new(const char *title, const char *master, unsigned master_version)
{
    PupRoomProfile *profile = profile_new();
    profile->title = clean_title(title);
    profile->master = g_strdup(master);
    profile->master_version = master_version;
    return profile;
}

static const PupRoomSeat *
find_mac(const PupRoomProfile *profile, const char *mac)
{
    for (unsigned i = 0; i < profile->n_seats; i++)
        if (strcmp(profile->seats[i].mac, mac) == 0)
            return &profile->seats[i];
    return NULL;
}

static gboolean
check_free(const PupRoomProfile *profile, const char *name, const char *mac,
           GError **error)
{
    const PupRoomSeat *taken = find_mac(profile, mac);
    if (taken) {
        pup_error_set(error, PUP_ERROR_EXISTS, "%s is the MAC address of seat '%s'", mac,
                      taken->name);
        return FALSE;
    }
    for (unsigned i = 0; i < profile->n_seats; i++) {
        if (strcmp(profile->seats[i].name, name) == 0) {
            pup_error_set(error, PUP_ERROR_EXISTS, "seat '%s' is there already", name);
            return FALSE;
        }
    }
    if (profile->n_seats >= PUP_ROOM_SEATS_MAX) {
        pup_error_set(error, PUP_ERROR_INVALID, "a room has at most %u seats",
                      PUP_ROOM_SEATS_MAX);
        return FALSE;
    }
    return TRUE;
}

gboolean
pup_room_profile_add_seat(PupRoomProfile *profile, const char *name, const char *mac,
                          GError **error)
{
    if (!pup_ident_check("seat", name, error))
        return FALSE;
    g_autofree char *normal_mac = pup_mac_parse(mac, error);
    if (!normal_mac || !check_free(profile, name, normal_mac, error))
        return FALSE;
    profile->seats = g_renew(PupRoomSeat, profile->seats, profile->n_seats + 1);
    PupRoomSeat *seat = &profile->seats[profile->n_seats++];
    seat->name = g_strdup(name);
    seat->mac = g_steal_pointer(&normal_mac);
    return TRUE;
}

static char *
room_of_origin(const char *origin)
{
    char *base = g_path_get_basename(origin);
    if (g_str_has_suffix(base, SUFFIX))
        base[strlen(base) - strlen(SUFFIX)] = '\0';
    return base;
}

static gboolean
read_room(const PupIni *ini, const char *origin, PupRoomProfile *profile, GError **error)
{
    const char *title = pup_ini_string(ini, "room", "title");
    const char *master = pup_ini_string(ini, "room", "master");
    g_autoptr(GError) wrong = NULL;
    profile->title = title ? g_strdup(title) : room_of_origin(origin);
    if (!master) {
        pup_ini_error(ini, "room", "master", error,
                      "is missing: name the master that the room derives from");
        return FALSE;
    }
    if (!pup_ident_split("master", master, &profile->master, &profile->master_version,
                         &wrong)) {
        pup_ini_error(ini, "room", "master", error, "%s", wrong->message);
        return FALSE;
    }
    pup_take_parse(pup_ini_string(ini, "room", "take"), &profile->take);
    profile->idle_min = (unsigned) pup_ini_uint(ini, "room", "idle");
    return TRUE;
}

static gboolean
read_seats(const PupIni *ini, PupRoomProfile *profile, GError **error)
{
    g_auto(GStrv) names = pup_ini_keys(ini, "seats");
    for (char **name = names; *name; name++) {
        g_autoptr(GError) wrong = NULL;
        if (!pup_room_profile_add_seat(profile, *name,
                                       pup_ini_string(ini, "seats", *name), &wrong)) {
            pup_ini_error(ini, "seats", *name, error, "%s", wrong->message);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
parse_number(const char *text, guint64 min, guint64 max, unsigned *number)
{
    guint64 value;
    if (!g_ascii_string_to_unsigned(text, 10, min, max, &value, NULL))
        return FALSE;
    *number = (unsigned) value;
    return TRUE;
}

/* "75%", "4096" or "4096 MiB". */
static gboolean
parse_memory(const char *text, PupGuest *guest)
{
    g_autofree char *digits = g_strdup(text);
    gboolean percent = g_str_has_suffix(digits, "%");
    if (percent)
        digits[strlen(digits) - 1] = '\0';
    else if (g_str_has_suffix(digits, "MiB"))
        digits[strlen(digits) - 3] = '\0';
    g_strchomp(digits);
    unsigned number;
    if (!parse_number(
            digits, percent ? PUP_GUEST_MEMORY_PERCENT_MIN : PUP_GUEST_MEMORY_MIB_MIN,
            percent ? PUP_GUEST_MEMORY_PERCENT_MAX : PUP_GUEST_MEMORY_MIB_MAX, &number))
        return FALSE;
    guest->memory_percent = percent ? number : 0;
    guest->memory_mib = percent ? 0 : number;
    return TRUE;
}

static gboolean
read_guest_size(const PupIni *ini, PupGuest *guest, GError **error)
{
    const char *memory = pup_ini_string(ini, "guest", "memory");
    const char *cpus = pup_ini_string(ini, "guest", "cpus");
    if (!parse_memory(memory, guest)) {
        pup_ini_error(ini, "guest", "memory", error,
                      "'%s' is neither a share such as 75%% (%u%% to %u%%) nor a size "
                      "such as 4096 MiB (%u to %u MiB)",
                      memory, PUP_GUEST_MEMORY_PERCENT_MIN, PUP_GUEST_MEMORY_PERCENT_MAX,
                      PUP_GUEST_MEMORY_MIB_MIN, PUP_GUEST_MEMORY_MIB_MAX);
        return FALSE;
    }
    if (strcmp(cpus, "all") == 0)
        guest->cpus = 0;
    else if (!parse_number(cpus, 1, PUP_GUEST_CPUS_MAX, &guest->cpus)) {
        pup_ini_error(ini, "guest", "cpus", error,
                      "'%s' is neither 'all' nor a number from 1 to %u", cpus,
                      PUP_GUEST_CPUS_MAX);
        return FALSE;
    }
    return TRUE;
}

static gboolean
read_usb(const PupIni *ini, PupGuest *guest, GError **error)
{
    const char *text = pup_ini_string(ini, "guest", "usb");
    if (pup_usb_parse(text, &guest->usb))
        return TRUE;
    pup_ini_error(ini, "guest", "usb", error,
                  "'%s' is neither all nor none nor a list of classes such as "
                  "'storage, printer'; there are audio, hid, image, printer, serial, "
                  "smartcard, storage, vendor, video",
                  text);
    return FALSE;
}

/* A name below the folder of time zones; whether there is one, its reader says. */
static gboolean
is_timezone(const char *name)
{
    return g_ascii_isalpha(name[0]) && !strstr(name, "//") &&
           name[strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_+-/")] == '\0';
}

static gboolean
read_shares(const PupIni *ini, PupRoomProfile *profile, GError **error)
{
    const char *text = pup_ini_string(ini, "guest", "shares");
    g_autoptr(GError) wrong = NULL;
    if (!text)
        return TRUE;
    profile->shares = pup_shares_parse(text, &wrong);
    if (!profile->shares)
        pup_ini_error(ini, "guest", "shares", error, "%s", wrong->message);
    return profile->shares != NULL;
}

static gboolean
read_clock(const PupIni *ini, PupRoomProfile *profile, GError **error)
{
    const char *zone = pup_ini_string(ini, "guest", "timezone");
    if (zone && !is_timezone(zone)) {
        pup_ini_error(ini, "guest", "timezone", error,
                      "'%s' is no time zone: they are named like Europe/Paris", zone);
        return FALSE;
    }
    profile->timezone = g_strdup(zone);
    pup_clock_parse(pup_ini_string(ini, "guest", "clock"), &profile->clock);
    return TRUE;
}

/* The words were checked against the table's choices, which are these enums'. */
static void
read_guest_rest(const PupIni *ini, PupGuest *guest)
{
    pup_firmware_parse(pup_ini_string(ini, "guest", "firmware"), &guest->firmware);
    pup_display_parse(pup_ini_string(ini, "guest", "display"), &guest->display);
    pup_disk_bus_parse(pup_ini_string(ini, "guest", "disk"), &guest->disk_bus);
    pup_net_parse(pup_ini_string(ini, "guest", "network"), &guest->net);
    guest->tpm = pup_ini_bool(ini, "guest", "tpm");
    guest->sound = pup_ini_bool(ini, "guest", "sound");
    guest->agent = pup_ini_bool(ini, "guest", "agent");
    guest->hyperv = pup_ini_bool(ini, "guest", "hyperv");
    guest->emulate = pup_ini_bool(ini, "guest", "emulate");
    guest->kept = strcmp(pup_ini_string(ini, "guest", "persistence"), KEPT) == 0;
}

static gboolean
read_seat(const PupIni *ini, PupRoomProfile *profile, GError **error)
{
    const char *neighbourhood = pup_ini_string(ini, "seat", "neighbourhood");
    g_autoptr(GError) wrong = NULL;
    if (neighbourhood && !pup_ident_check("neighbourhood", neighbourhood, &wrong)) {
        pup_ini_error(ini, "seat", "neighbourhood", error, "%s", wrong->message);
        return FALSE;
    }
    profile->neighbourhood = g_strdup(neighbourhood);
    profile->cache_mib = pup_ini_uint(ini, "seat", "cache");
    profile->peers = pup_ini_bool(ini, "seat", "peers");
    profile->uplink_mbit_s = (unsigned) pup_ini_uint(ini, "seat", "uplink");
    return TRUE;
}

PupRoomProfile *
pup_room_profile_parse(const char *origin, const char *text, size_t len, GError **error)
{
    if (len > PUP_ROOM_PROFILE_MAX_BYTES) {
        pup_error_set(error, PUP_ERROR_INVALID, "%s: larger than %u bytes", origin,
                      PUP_ROOM_PROFILE_MAX_BYTES);
        return NULL;
    }
    g_autoptr(PupIni) ini =
        pup_ini_parse(origin, text, len, pup_room_profile_keys, error);
    if (!ini)
        return NULL;
    g_autoptr(PupRoomProfile) profile = profile_new();
    if (!read_room(ini, origin, profile, error) || !read_seats(ini, profile, error) ||
        !read_guest_size(ini, &profile->guest, error) ||
        !read_usb(ini, &profile->guest, error) || !read_clock(ini, profile, error) ||
        !read_shares(ini, profile, error) || !read_seat(ini, profile, error))
        return NULL;
    profile->keep = (unsigned) pup_ini_uint(ini, "versions", "keep");
    profile->keep_daily = (unsigned) pup_ini_uint(ini, "versions", "keep_daily");
    read_guest_rest(ini, &profile->guest);
    return g_steal_pointer(&profile);
}

gboolean
pup_room_profile_wants_local_time(const PupRoomProfile *profile)
{
    return profile->clock == PUP_CLOCK_LOCALTIME ||
           (profile->clock == PUP_CLOCK_AUTO && profile->guest.hyperv);
}

void
pup_room_profile_needs(const PupRoomProfile *profile, PupNeeds *needs)
{
    *needs = (PupNeeds){.firmware = profile->guest.firmware,
                        .disk_bus = profile->guest.disk_bus,
                        .clock = profile->clock,
                        .tpm = profile->guest.tpm,
                        .hyperv = profile->guest.hyperv};
}

void
pup_room_profile_set_needs(PupRoomProfile *profile, const PupNeeds *needs)
{
    profile->guest.firmware = needs->firmware;
    profile->guest.disk_bus = needs->disk_bus;
    profile->clock = needs->clock;
    profile->guest.tpm = needs->tpm;
    profile->guest.hyperv = needs->hyperv;
}
