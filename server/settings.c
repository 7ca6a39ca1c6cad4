/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loading checks what the file says, not the machine it is read on: most commands only
 * need the folders, and must work before the network is up. What the file leaves to the
 * interface is looked up by whoever serves (server/boot/netif.h).
 */
#include "config.h"
#include "server/settings.h"

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "lib/template.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

#define SETTINGS_MAX_BYTES (64u * 1024u)
#define DEFAULT_PATH PUP_SYSCONFDIR "/pupitre/pupitre.conf"
#define DEFAULT_STATE_DIR PUP_LOCALSTATEDIR "/lib/pupitre"

const PupIniKey pup_settings_keys[] = {
    {"server", "state_dir", PUP_INI_STRING, DEFAULT_STATE_DIR, NULL, 0, 0, NULL,
     "Where everything is kept but this file and the room profiles"},
    {"server", "rooms_dir", PUP_INI_STRING, "rooms", NULL, 0, 0, NULL,
     "Where the room profiles are; a relative path begins at this file's folder"},
    {"server", "recipes_dir", PUP_INI_STRING, "recipes", NULL, 0, 0, NULL,
     "Where the rooms' recipes are; a relative path begins at this file's folder"},
    {"server", "address", PUP_INI_STRING, NULL, NULL, 0, 0, NULL,
     "IPv4 address that the PCs reach this server at. Default: that of [dhcp] interface"},
    {"server", "port", PUP_INI_UINT, "8080", NULL, 1, 65535, NULL,
     "TCP port of the HTTP server"},
    {"server", "threads", PUP_INI_UINT, "0", NULL, 0, 256, NULL,
     "Threads of the HTTP server; 0: one a core"},
    {"dhcp", "mode", PUP_INI_CHOICE, "proxy", NULL, 0, 0, "proxy|own|off",
     "Beside the site's own DHCP server, instead of one, or not at all"},
    {"dhcp", "interface", PUP_INI_STRING, NULL, NULL, 0, 0, NULL,
     "Network interface that the PCs are on"},
    {"dhcp", "first", PUP_INI_STRING, NULL, NULL, 0, 0, NULL,
     "Mode own: first address to hand out"},
    {"dhcp", "last", PUP_INI_STRING, NULL, NULL, 0, 0, NULL,
     "Mode own: last address to hand out"},
    {"dhcp", "netmask", PUP_INI_STRING, NULL, NULL, 0, 0, NULL,
     "Netmask of the PCs' network. Default: that of the interface"},
    {"dhcp", "router", PUP_INI_STRING, NULL, NULL, 0, 0, NULL,
     "Mode own: router to hand out. Default: none"},
    {"dhcp", "dns", PUP_INI_STRING, NULL, NULL, 0, 0, NULL,
     "Mode own: name server to hand out. Default: none"},
    {"dhcp", "lease", PUP_INI_UINT, "3600", "s", 120, 31536000, NULL,
     "Mode own: how long an address is lent"},
    {"seats", "unknown", PUP_INI_STRING, "show-mac", NULL, 0, 0, NULL,
     "What a PC gets that no room has: show-mac, or 'room NAME'"},
    {"seats", "poll", PUP_INI_UINT, "10", "s", 1, 3600, NULL,
     "Time between a seat's reports"},
    {"libvirt", "uri", PUP_INI_STRING, NULL, NULL, 0, 0, NULL,
     "libvirt daemon that runs the workshop's virtual machines and shows its disks, e.g. "
     "qemu:///system. Default: none is needed"},
    {"libvirt", "pool", PUP_INI_STRING, "pupitre", NULL, 0, 0, NULL,
     "With uri: the storage pools are called POOL-masters and POOL-rooms"},
    {"libvirt", "accel", PUP_INI_CHOICE, "auto", NULL, 0, 0, "auto|emulate",
     "Run the workshop's virtual machines in KVM where the server has it, or never"},
    {"masters", "keep", PUP_INI_UINT, "0", NULL, 0, PUP_MASTERS_KEEP_MAX, NULL,
     "How many versions of each master stay besides those in use; 0: all"},
    {"client-image", "kernel_args", PUP_INI_STRING, "", NULL, 0, 0, NULL,
     "Added to the kernel line of the PCs"},
    {NULL},
};

static gboolean
check_ipv4(const PupIni *ini, const char *group, const char *key, GError **error)
{
    const char *text = pup_ini_string(ini, group, key);
    struct in_addr address;
    if (!text || inet_pton(AF_INET, text, &address) == 1)
        return TRUE;
    pup_ini_error(ini, group, key, error, "'%s' is no IPv4 address", text);
    return FALSE;
}

static gboolean
check_addresses(const PupIni *ini, GError **error)
{
    static const char *const dhcp_keys[] = {"first", "last", "netmask", "router", "dns"};
    for (unsigned i = 0; i < G_N_ELEMENTS(dhcp_keys); i++)
        if (!check_ipv4(ini, "dhcp", dhcp_keys[i], error))
            return FALSE;
    return check_ipv4(ini, "server", "address", error);
}

static gboolean
check_interface(const PupIni *ini, GError **error)
{
    const char *name = pup_ini_string(ini, "dhcp", "interface");
    if (!name || (strlen(name) < IFNAMSIZ && !strpbrk(name, "/ \t,*") &&
                  pup_escape_accepts(PUP_ESCAPE_CONF, name)))
        return TRUE;
    pup_ini_error(ini, "dhcp", "interface", error, "'%s' is no interface name", name);
    return FALSE;
}

static guint32
ipv4_number(const char *text)
{
    struct in_addr address = {0};
    inet_pton(AF_INET, text, &address);
    return ntohl(address.s_addr);
}

static gboolean
check_range(const PupIni *ini, GError **error)
{
    const char *first = pup_ini_string(ini, "dhcp", "first");
    const char *last = pup_ini_string(ini, "dhcp", "last");
    if (strcmp(pup_ini_string(ini, "dhcp", "mode"), "own") != 0)
        return TRUE;
    if (!first || !last) {
        pup_ini_error(ini, "dhcp", "mode", error,
                      "own needs the addresses to hand out: set [dhcp] first and last");
        return FALSE;
    }
    if (ipv4_number(first) > ipv4_number(last)) {
        pup_ini_error(ini, "dhcp", "last", error, "%s is before first, %s", last, first);
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_kernel_args(const PupIni *ini, GError **error)
{
    if (pup_escape_accepts(PUP_ESCAPE_SCRIPT,
                           pup_ini_string(ini, "client-image", "kernel_args")))
        return TRUE;
    pup_ini_error(ini, "client-image", "kernel_args", error,
                  "holds a character that a boot script cannot carry");
    return FALSE;
}

/* "show-mac" gives NULL, "room NAME" the name. */
static gboolean
read_unknown(const PupIni *ini, char **room, GError **error)
{
    const char *text = pup_ini_string(ini, "seats", "unknown");
    if (strcmp(text, "show-mac") == 0)
        return TRUE;
    g_autoptr(GError) wrong = NULL;
    if (!g_str_has_prefix(text, "room ")) {
        pup_ini_error(ini, "seats", "unknown", error,
                      "'%s' is neither show-mac nor 'room NAME'", text);
        return FALSE;
    }
    g_autofree char *name = g_strstrip(g_strdup(text + strlen("room ")));
    if (!pup_ident_check("room", name, &wrong)) {
        pup_ini_error(ini, "seats", "unknown", error, "%s", wrong->message);
        return FALSE;
    }
    *room = g_steal_pointer(&name);
    return TRUE;
}

static gboolean
check_pool(const PupIni *ini, GError **error)
{
    g_autoptr(GError) wrong = NULL;

    if (pup_ident_check("pool", pup_ini_string(ini, "libvirt", "pool"), &wrong))
        return TRUE;
    pup_ini_error(ini, "libvirt", "pool", error, "%s", wrong->message);
    return FALSE;
}

static PupDhcpMode
parse_mode(const char *word)
{
    if (strcmp(word, "own") == 0)
        return PUP_DHCP_OWN;
    return strcmp(word, "off") == 0 ? PUP_DHCP_OFF : PUP_DHCP_PROXY;
}

/* A folder of the file, made absolute from the file's own folder. */
static char *
read_dir(const PupIni *ini, const char *path, const char *key)
{
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    g_autofree char *base = g_path_get_dirname(absolute);
    return g_canonicalize_filename(pup_ini_string(ini, "server", key), base);
}

static void
read_values(const PupIni *ini, PupSettings *settings)
{
    settings->state_dir = read_dir(ini, settings->path, "state_dir");
    settings->rooms_dir = read_dir(ini, settings->path, "rooms_dir");
    settings->recipes_dir = read_dir(ini, settings->path, "recipes_dir");
    settings->address = g_strdup(pup_ini_string(ini, "server", "address"));
    settings->port = (unsigned) pup_ini_uint(ini, "server", "port");
    settings->threads = (unsigned) pup_ini_uint(ini, "server", "threads");
    settings->dhcp = parse_mode(pup_ini_string(ini, "dhcp", "mode"));
    settings->interface = g_strdup(pup_ini_string(ini, "dhcp", "interface"));
    settings->range_first = g_strdup(pup_ini_string(ini, "dhcp", "first"));
    settings->range_last = g_strdup(pup_ini_string(ini, "dhcp", "last"));
    settings->netmask = g_strdup(pup_ini_string(ini, "dhcp", "netmask"));
    settings->router = g_strdup(pup_ini_string(ini, "dhcp", "router"));
    settings->dns = g_strdup(pup_ini_string(ini, "dhcp", "dns"));
    settings->lease_s = (unsigned) pup_ini_uint(ini, "dhcp", "lease");
    settings->poll_s = (unsigned) pup_ini_uint(ini, "seats", "poll");
    settings->libvirt_uri = g_strdup(pup_ini_string(ini, "libvirt", "uri"));
    settings->libvirt_pool = g_strdup(pup_ini_string(ini, "libvirt", "pool"));
    settings->accel = strcmp(pup_ini_string(ini, "libvirt", "accel"), "emulate") == 0
                          ? PUP_ACCEL_EMULATE
                          : PUP_ACCEL_AUTO;
    settings->masters_keep = (unsigned) pup_ini_uint(ini, "masters", "keep");
    settings->kernel_args = g_strdup(pup_ini_string(ini, "client-image", "kernel_args"));
}

PupSettings *
pup_settings_parse(const char *path, const char *text, size_t len, GError **error)
{
    g_autoptr(PupIni) ini = pup_ini_parse(path, text, len, pup_settings_keys, error);
    if (!ini || !check_addresses(ini, error) || !check_interface(ini, error) ||
        !check_range(ini, error) || !check_kernel_args(ini, error) ||
        !check_pool(ini, error))
        return NULL;
    g_autoptr(PupSettings) settings = g_new0(PupSettings, 1);
    if (!read_unknown(ini, &settings->default_room, error))
        return NULL;
    settings->path = g_strdup(path);
    read_values(ini, settings);
    return g_steal_pointer(&settings);
}

PupSettings *
pup_settings_load(const char *path, GError **error)
{
    if (!path)
        path = DEFAULT_PATH;
    g_autoptr(GError) wrong = NULL;
    g_autoptr(GBytes) bytes = pup_file_read(path, SETTINGS_MAX_BYTES, &wrong);
    if (g_error_matches(wrong, PUP_ERROR, PUP_ERROR_NOT_FOUND)) {
        pup_error_set(
            error, PUP_ERROR_NOT_FOUND,
            "there is no configuration '%s': restore it, name another with --config, "
            "or on a new server make one with `pupitre init`",
            path);
        return NULL;
    }
    if (!bytes) {
        g_propagate_error(error, g_steal_pointer(&wrong));
        return NULL;
    }
    return pup_settings_parse(path, g_bytes_get_data(bytes, NULL),
                              g_bytes_get_size(bytes), error);
}

void
pup_settings_free(PupSettings *settings)
{
    if (!settings)
        return;
    g_free(settings->path);
    g_free(settings->state_dir);
    g_free(settings->rooms_dir);
    g_free(settings->recipes_dir);
    g_free(settings->address);
    g_free(settings->interface);
    g_free(settings->range_first);
    g_free(settings->range_last);
    g_free(settings->netmask);
    g_free(settings->router);
    g_free(settings->dns);
    g_free(settings->default_room);
    g_free(settings->libvirt_uri);
    g_free(settings->libvirt_pool);
    g_free(settings->kernel_args);
    g_free(settings);
}

char *
pup_settings_path(const PupSettings *settings, const char *sub)
{
    return g_build_filename(settings->state_dir, sub, NULL);
}

char *
pup_settings_default_text(const char *state_dir)
{
    GString *text = g_string_new("# Pupitre's server, see pupitred(8).\n");
    const char *group = "";
    for (const PupIniKey *key = pup_settings_keys; key->group; key++) {
        if (strcmp(group, key->group) != 0)
            g_string_append_printf(text, "\n[%s]\n", key->group);
        group = key->group;
        pup_ini_append(text, key, strcmp(key->key, "state_dir") == 0 ? state_dir : NULL);
    }
    return g_string_free(text, FALSE);
}
