/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shares - the network shares that a room's guest is told of
 *
 *     shares = P=\\server\class, S=\\server\software
 *
 * Names with the path that each stands for. Who mounts them, with whose password, is the
 * guest's affair: Pupitre knows no password.
 *
 * Pure; any thread.
 */
#pragma once

#include <glib.h>

#define PUP_SHARES_MAX 16u

/* Check the list @text and bring it into the one form that the guest gets: no blanks,
 * backslashes, "P=\\server\class,S=\\server\software". A name has 1 to 32 of a-z, A-Z,
 * 0-9, - and _; a path is \\SERVER\SHARE or below, with / for \ if one likes, and none of
 * ",;:*?|<> and what is not printable ASCII. New string; errors: INVALID with the entry.
 */
char *pup_shares_parse(const char *text, GError **error);
