/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/boot/dhcp_log.h"

#include <string.h>
#include "lib/ident.h"

/* PCs in a building, generously: beyond it, somebody is making up addresses. */
#define MAX_OPEN 4096

struct PupDhcpLog {
    GMutex lock;
    GHashTable *open; /* MAC -> gint64 *, when its boot began */
    guint64 xid;      /* transaction of the last vendor class line */
    gboolean firmware;
};

PupDhcpLog *
pup_dhcp_log_new(void)
{
    PupDhcpLog *log = g_new0(PupDhcpLog, 1);
    g_mutex_init(&log->lock);
    log->open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return log;
}

void
pup_dhcp_log_free(PupDhcpLog *log)
{
    if (!log)
        return;
    g_hash_table_destroy(log->open);
    g_mutex_clear(&log->lock);
    g_free(log);
}

/* The text behind "dnsmasq-dhcp[PID]: XID "; NULL where the line is of another shape. */
static const char *
message_of(const char *line, guint64 *xid)
{
    if (!g_str_has_prefix(line, "dnsmasq-dhcp"))
        return NULL;
    const char *p = strstr(line, ": ");
    if (!p || !g_ascii_isdigit(p[2]))
        return NULL;
    char *end;
    *xid = g_ascii_strtoull(p + 2, &end, 10);
    return *end == ' ' ? end + 1 : NULL;
}

/* The MAC in an answer, "DHCPOFFER(br0) 10.0.0.9 52:54:00:12:34:56 name" or
 * "PXE(br0) 52:54:00:12:34:56 proxy". NULL for any other line. */
static char *
answered_mac(const char *message)
{
    if (!g_str_has_prefix(message, "DHCPOFFER(") &&
        !g_str_has_prefix(message, "DHCPACK(") && !g_str_has_prefix(message, "PXE("))
        return NULL;
    g_auto(GStrv) words = g_strsplit(message, " ", 5);
    for (unsigned i = 1; words[0] && words[i] && i < 4; i++)
        if (strlen(words[i]) == 17 && words[i][2] == ':') {
            char *mac = pup_mac_parse(words[i], NULL);
            if (mac)
                return mac;
        }
    return NULL;
}

static gboolean
is_stale(gpointer mac, gpointer began, gpointer now_ms)
{
    return *(gint64 *) now_ms - *(gint64 *) began >= PUP_DHCP_LOG_OPEN_MS;
}

/* TRUE when @mac has no open boot; opens one. */
static gboolean
begin(PupDhcpLog *log, const char *mac, gint64 now_ms)
{
    g_hash_table_foreach_remove(log->open, is_stale, &now_ms);
    if (g_hash_table_contains(log->open, mac) || g_hash_table_size(log->open) >= MAX_OPEN)
        return FALSE;
    g_hash_table_insert(log->open, g_strdup(mac), g_memdup2(&now_ms, sizeof now_ms));
    return TRUE;
}

char *
pup_dhcp_log_line(PupDhcpLog *log, const char *line, gint64 now_ms)
{
    guint64 xid;
    const char *message = message_of(line, &xid);
    if (!message)
        return NULL;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&log->lock);
    if (g_str_has_prefix(message, "available DHCP ")) {
        log->firmware = FALSE;
    } else if (g_str_has_prefix(message, "vendor class: ")) {
        const char *class = message + strlen("vendor class: ");
        log->xid = xid;
        log->firmware =
            g_str_has_prefix(class, "PXEClient") || g_str_has_prefix(class, "HTTPClient");
    } else if (log->firmware && log->xid == xid) {
        g_autofree char *mac = answered_mac(message);
        if (mac && begin(log, mac, now_ms))
            return g_steal_pointer(&mac);
    }
    return NULL;
}

void
pup_dhcp_log_loaded(PupDhcpLog *log, const char *mac)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&log->lock);
    g_hash_table_remove(log->open, mac);
}
