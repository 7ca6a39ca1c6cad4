/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dnsmasq_child - starts dnsmasq and keeps it running
 *
 * Runs in the thread of the default main context. When dnsmasq ends by itself it is
 * started again after a pause that doubles from 1 s to 30 s, and is 1 s again once it has
 * run for a minute. It does not outlive us: it gets SIGTERM when our process dies, and
 * one that was left over all the same (known by its pid file) is ended before a start.
 */
#pragma once

#include <glib.h>

typedef struct PupDnsmasqChild PupDnsmasqChild;
/* Called for each line that dnsmasq logs, without newline. */
typedef void (*PupDnsmasqLine)(gpointer data, const char *line);

/* @conf_path: the configuration; @pid_path: where dnsmasq writes its process id. Does not
 * start anything. */
PupDnsmasqChild *pup_dnsmasq_child_new(const char *conf_path, const char *pid_path,
                                       PupDnsmasqLine on_line, gpointer data);
/* Start it, or stop and start it when it runs (a changed configuration). What goes wrong
 * is logged, and tried again. */
void pup_dnsmasq_child_start(PupDnsmasqChild *child);
/* Stop it: SIGTERM, and SIGKILL after two seconds. It is gone on return. */
void pup_dnsmasq_child_stop(PupDnsmasqChild *child);
/* Stop and free. */
void pup_dnsmasq_child_free(PupDnsmasqChild *child);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupDnsmasqChild, pup_dnsmasq_child_free)
