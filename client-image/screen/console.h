/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * console - keep the kernel's text console off our screen
 *
 * The virtual terminal on the screen goes to graphics mode (the kernel stops drawing
 * text) with its keyboard off. Touches /dev/tty0.
 */
#pragma once

#include <glib.h>

typedef struct PupConsole PupConsole;

/* NULL when there is no virtual terminal: then nobody draws on the screen either. */
PupConsole *pup_console_take(void);

/* Give the terminal back as it was. */
void pup_console_release(PupConsole *console);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupConsole, pup_console_release)
