/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ident - the names people give: masters, rooms, seats, versions, MAC addresses
 *
 * A name is 1 to 63 of a-z 0-9 - . _ , begins with a letter or digit and holds no "..":
 * safe as a file name, in a URL, in a script. Pure; any thread.
 */
#pragma once

#include <glib.h>

/* The largest version number: fits every integer type it travels in. */
#define PUP_VERSION_MAX 2147483647u

/* Check @name; @what ("room", "master", "seat") goes into the message. Errors: INVALID.
 */
gboolean pup_ident_check(const char *what, const char *name, GError **error);

/* Split "NAME" or "NAME@VERSION"; @version is 0 when absent. *@name is a new string.
 * Errors: INVALID. */
gboolean pup_ident_split(const char *what, const char *text, char **name,
                         unsigned *version, GError **error);

/* Parse a version as people write it, 1 to PUP_VERSION_MAX: no sign, no leading zero.
 * Errors: INVALID. */
gboolean pup_version_parse(const char *text, unsigned *version, GError **error);

/* Normalise a MAC address written with ':' or '-' or without separators, in any case,
 * into "52:54:00:aa:bb:cc". Group addresses and the zero address are refused. New string,
 * NULL on error: INVALID. */
char *pup_mac_parse(const char *text, GError **error);
