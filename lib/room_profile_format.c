/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/room_profile.h"

#include <string.h>

static char *
memory_text(const PupGuest *guest)
{
    if (guest->memory_percent)
        return g_strdup_printf("%u%%", guest->memory_percent);
    return g_strdup_printf("%u MiB", guest->memory_mib);
}

/* The text of @key's value in @profile; new string. */
static char *
value_text(const PupRoomProfile *profile, const char *key)
{
    const PupGuest *guest = &profile->guest;
    const struct {
        const char *key;
        gboolean on;
    } switches[] = {
        {"tpm", guest->tpm},       {"sound", guest->sound},     {"agent", guest->agent},
        {"hyperv", guest->hyperv}, {"emulate", guest->emulate}, {"peers", profile->peers},
    };
    const struct {
        const char *key, *word;
    } words[] = {
        {"title", profile->title},
        {"take", pup_take_name(profile->take)},
        {"firmware", pup_firmware_name(guest->firmware)},
        {"display", pup_display_name(guest->display)},
        {"disk", pup_disk_bus_name(guest->disk_bus)},
        {"network", pup_net_name(guest->net)},
        {"persistence", guest->kept ? "until-regenerate" : "session"},
        {"clock", pup_clock_name(profile->clock)},
        {"shares", profile->shares ? profile->shares : ""},
        {"timezone", profile->timezone ? profile->timezone : ""},
        {"neighbourhood", profile->neighbourhood ? profile->neighbourhood : ""},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(switches); i++)
        if (strcmp(switches[i].key, key) == 0)
            return g_strdup(switches[i].on ? "yes" : "no");
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(words[i].key, key) == 0)
            return g_strdup(words[i].word);
    if (strcmp(key, "master") == 0)
        return profile->master_version
                   ? g_strdup_printf("%s@%u", profile->master, profile->master_version)
                   : g_strdup(profile->master);
    if (strcmp(key, "memory") == 0)
        return memory_text(guest);
    if (strcmp(key, "cpus") == 0)
        return guest->cpus ? g_strdup_printf("%u", guest->cpus) : g_strdup("all");
    if (strcmp(key, "usb") == 0)
        return pup_usb_text(guest->usb);
    if (strcmp(key, "idle") == 0)
        return g_strdup_printf("%u", profile->idle_min);
    if (strcmp(key, "keep") == 0)
        return g_strdup_printf("%u", profile->keep);
    if (strcmp(key, "keep_daily") == 0)
        return g_strdup_printf("%u", profile->keep_daily);
    if (strcmp(key, "uplink") == 0)
        return g_strdup_printf("%u", profile->uplink_mbit_s);
    return g_strdup_printf("%" G_GUINT64_FORMAT, profile->cache_mib);
}

static void
append_seats(GString *text, const PupIniKey *key, const PupRoomProfile *profile)
{
    g_string_append_printf(text, "# %s\n", key->help);
    if (profile->n_seats == 0)
        g_string_append(text, "#pc01 = 52:54:00:12:34:56\n");
    for (unsigned i = 0; i < profile->n_seats; i++)
        g_string_append_printf(text, "%s = %s\n", profile->seats[i].name,
                               profile->seats[i].mac);
}

char *
pup_room_profile_format(const PupRoomProfile *profile)
{
    GString *text = g_string_new("# Room profile, see pupitre-room(5).\n");
    const char *group = "";
    for (const PupIniKey *key = pup_room_profile_keys; key->group; key++) {
        if (strcmp(group, key->group) != 0)
            g_string_append_printf(text, "\n[%s]\n", key->group);
        group = key->group;
        if (strcmp(key->key, "*") == 0) {
            append_seats(text, key, profile);
            continue;
        }
        g_autofree char *value = value_text(profile, key->key);
        gboolean is_default = value[0] == '\0' || g_strcmp0(value, key->fallback) == 0;
        pup_ini_append(text, key, is_default ? NULL : value);
    }
    return g_string_free(text, FALSE);
}
