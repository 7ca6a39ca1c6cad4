/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * help - texts of --help, folded to the width of a screen
 */
#pragma once

#include <glib.h>

#define PUP_HELP_COLUMNS 80

/* @text with its longer lines broken between words; what goes on begins where the line's
 * last column does, the words after two or more spaces. One word is never broken. New
 * string. */
char *pup_help_fold(const char *text, unsigned columns);
