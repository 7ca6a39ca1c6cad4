/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * prometheus - a strict reader of the text exposition format 0.0.4, for tests
 *
 * Stricter than Prometheus itself: each family has HELP, then TYPE, then its samples,
 * and comes once; counters end in _total; no sample stands twice.
 */
#pragma once

#include <glib.h>

/* NULL when @text is right; else what is wrong with which line. New string. */
char *prometheus_check(const char *text);
/* The value behind @sample, "name{labels}" as it stands in @text; NAN when it does not.
 */
double prometheus_value(const char *text, const char *sample);
