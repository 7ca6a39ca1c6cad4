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

/* To be called when there is a display to draw on: from here on, the terminal's own words
 * are off the screen. NULL when there is no virtual terminal: then nobody draws on the
 * screen either. */
PupConsole *pup_console_take(void);

/* Have the terminal show its text again, whatever it was when it was taken: a program
 * that crashed gave nothing back. To be called before the display is closed, whose driver
 * then shows what the terminal has drawn. */
void pup_console_release(PupConsole *console);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupConsole, pup_console_release)
