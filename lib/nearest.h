/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nearest - what somebody may have meant who named a thing that is not there
 *
 * Pure; any thread.
 */
#pragma once

#include <glib.h>

/* For the end of "there is no room 'lab-11'": the names of @names (NULL-terminated; NULL:
 * none) that @word may be a slip of, "; did you mean 'lab-101' or 'lab-111'?"; else what
 * there is, "; there are lab-101, lab-102", the first few of many with their number; else
 * "; there is none yet". New string. */
char *pup_nearest_hint(const char *word, char *const *names);
