/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * failure - what went wrong with an order
 *
 * Pure; any thread.
 */
#pragma once

#include "client-image/seat/seat_machine.h"
#include "client-image/seat/words.h"

typedef struct {
    const char *code;       /* a word for the admin, such as "SERVER-AWAY" */
    PupSituation situation; /* what people read */
} PupFailure;

/* What it is called when @order fails with @error. Static. */
const PupFailure *pup_failure_find(PupSeatOrder order, const GError *error);

/* TRUE when it is no more than a server that does not answer. */
gboolean pup_failure_is_absence(const GError *error);

/* TRUE where it has a room for this PC, but no version of that. */
gboolean pup_failure_is_unpublished(const GError *error);

/* What the server itself said where it has no room for this PC, within @error; NULL:
 * nothing. */
const char *pup_failure_unknown_why(const GError *error);
