/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * timezone - a time zone as a rule that needs no data base
 *
 * A seat's client image has no time zone data: what it is told is the rule that POSIX
 * knows for the variable TZ, which says when summer time begins and ends each year.
 *
 * Threads: any. Files: /etc/localtime, /usr/share/zoneinfo.
 */
#pragma once

#include <glib.h>

/* The rule of the zone @name ("Europe/Paris"), or of this machine (NULL; UTC when it has
 * none). New string such as "CET-1CEST,M3.5.0,M10.5.0/3". Errors: NOT_FOUND, UNSUPPORTED
 * (a zone whose file has no such rule). */
char *pup_timezone_rule(const char *name, GError **error);

/* The rule in the bytes of a time zone file (RFC 8536), whose name is @origin. New
 * string; errors: UNSUPPORTED. */
char *pup_timezone_parse(const char *origin, const void *data, size_t len,
                         GError **error);
