/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keymap - the keys of Linux as the PC's keyboard of old sends them (XT scan codes)
 *
 * The guest applies its own keyboard layout: we pass on which key it was, not what is
 * printed on it. Pure.
 */
#pragma once

#include <glib.h>

/* The key called @name, "F1" to "F12", as KEY_...; 0 for any other name. */
unsigned pup_keymap_named(const char *name);

/* At most this many codes for one key. */
#define PUP_KEYMAP_CODES 2

/* The scan codes of the key @linux_code (KEY_... of linux/input-event-codes.h) into
 * @codes, in the order in which to press them, in SPICE's form: 0x01 to 0x7f plain, 0x1xx
 * with the prefix e0, 0x2xx with e1. Returns how many; 0 for a key that PCs do not have.
 * KEY_POWER is one of these: what the power key does is the PC's business. */
unsigned pup_keymap_codes(unsigned linux_code, guint codes[PUP_KEYMAP_CODES]);
