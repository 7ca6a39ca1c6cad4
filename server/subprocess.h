/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * subprocess - what GLib lacks for children of a program with a main loop
 */
#pragma once

#include <gio/gio.h>

/* Ask @process to end (SIGTERM), for at most @wait_ms, then end it. Blocks until then. */
void pup_subprocess_stop(GSubprocess *process, unsigned wait_ms);
