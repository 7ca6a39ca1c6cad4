/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libvirt_loop - libvirt's watches and timers in GLib's default main context
 *
 * libvirt has an event loop of its own, which is no way out here: it runs GLib's default
 * context in whatever thread calls it, and with it the callbacks of this program, which
 * belong to the main thread. (libvirt 6.1 on, which says that nobody may rely on it.)
 *
 * Source: https://libvirt.org/html/libvirt-libvirt-event.html, virEventRegisterImpl().
 * Threads: libvirt adds, changes and removes from any; callbacks run in the thread that
 * runs the default context. Nothing is left for the caller to end.
 */
#pragma once

/* Before the process opens its first connection; again is fine. */
void pup_libvirt_loop_register(void);
