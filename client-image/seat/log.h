/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log - one line an event on standard error, which is the PC's console
 *
 *     seat 12.345 stage guest-started
 *
 * The number is seconds since the kernel started. Control characters become blanks.
 * Threads: any.
 */
#pragma once

#include <glib.h>

/* @event: one word. */
void pup_log(const char *event, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Milliseconds since the kernel started, sleep included. */
gint64 pup_uptime_ms(void);
