/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * failure - what went wrong with an order, in words for the people before the PC
 *
 * Pure; any thread.
 */
#pragma once

#include "client-image/seat/seat_machine.h"

/* What the failure is called: a word for the admin, such as "SERVER-AWAY". Static. The
 * codes are listed in failure.c and in the administrator's guide. */
const char *pup_failure_code(PupSeatOrder order, const GError *error);

/* What to show. @server: its URL. New string. */
char *pup_failure_words(PupSeatOrder order, const GError *error, const char *server);

/* TRUE when it is no more than a server that does not answer. */
gboolean pup_failure_is_absence(const GError *error);

/* What to show where the server says that it has no room for this PC. New string. */
char *pup_failure_unknown_words(const GError *error);
