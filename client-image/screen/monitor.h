/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * monitor - always the best display there is
 *
 * Drivers of graphics cards are loaded while we already run, and may push the firmware's
 * frame buffer aside: a KMS driver is taken as soon as it has a monitor; the frame buffer
 * only after a moment's waiting for one, and until one comes. A display that goes away
 * or changes its size is opened again. Looks every now and then, from the thread's
 * default main context.
 */
#pragma once

#include "client-image/screen/display.h"
#include "client-image/screen/monitor_options.h"

typedef struct PupMonitor PupMonitor;

/* Another display is there (owned by the monitor), or none any more (NULL). The one
 * before is still valid during the call. */
typedef void (*PupMonitorChanged)(PupDisplay *display, gpointer user);

/* Start looking; @options must outlive it. The first call of @changed may come from
 * within. */
PupMonitor *pup_monitor_new(const PupMonitorOptions *options, PupMonitorChanged changed,
                            gpointer user);
void pup_monitor_free(PupMonitor *monitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupMonitor, pup_monitor_free)
