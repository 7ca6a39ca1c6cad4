/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dhcp_log - which PC was switched on, read from dnsmasq's log
 *
 * A PC asks DHCP several times a boot: its firmware, then iPXE, then the client image,
 * then for renewals; only the first one begins a boot. With log-dhcp every packet's lines
 * carry its transaction number, the client's vendor class stands before our answer, and
 * only boot firmware and iPXE call themselves PXEClient or HTTPClient. A boot is open
 * from its first answer until the PC has fetched its boot script (or for two minutes,
 * where it never does); answers to an open boot's PC do not begin another.
 *
 *     mac = pup_dhcp_log_line(log, line, now_ms)     for every line of dnsmasq
 *     pup_dhcp_log_loaded(log, mac)                  when the boot script was fetched
 *
 * Threads: any; locked inside.
 */
#pragma once

#include <glib.h>

/* A boot that fetched no script stays open this long. */
#define PUP_DHCP_LOG_OPEN_MS (120 * 1000)

typedef struct PupDhcpLog PupDhcpLog;

PupDhcpLog *pup_dhcp_log_new(void);
void pup_dhcp_log_free(PupDhcpLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupDhcpLog, pup_dhcp_log_free)

/* Take in one line, without newline, at Unix time @now_ms. Returns the MAC (normalised,
 * new string) whose boot begins with it, else NULL. Lines that are no DHCP answer, or no
 * log line at all, are passed over. */
char *pup_dhcp_log_line(PupDhcpLog *log, const char *line, gint64 now_ms);

/* The PC @mac has fetched its boot script: its next firmware DHCP is a new boot. */
void pup_dhcp_log_loaded(PupDhcpLog *log, const char *mac);
