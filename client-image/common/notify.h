/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * notify - how the seat's three programs tell each other things
 *
 * One line of text a datagram on a Unix socket, at most PUP_NOTIFY_MAX bytes, no newline:
 *
 *   to RUNDIR/screen.sock (pupitre-screen listens, pupitre-seat and init send)
 *     stage TEXT              what is going on now, plain words
 *     progress PERCENT        0-100 of the current stage, or -1 for "busy"
 *     info TEXT               a small second line (room, seat, version); "" clears
 *     notice TEXT             a banner over the guest's picture; "" clears
 *     error CODE TEXT         a full page in plain words, with the code for the admin
 *     mac ADDRESS TEXT        the page of an unknown PC: show ADDRESS large
 *     spice PATH USB          connect to this SPICE Unix socket and show it; its guest
 *                             gets the USB devices of USB (lib/usb.h)
 *     spice-off               forget it, back to the stage page
 *     catch KEY               KEY, F1 to F12, is not the guest's: the seat is told when
 * it is pressed; "" ends this
 *
 *   to RUNDIR/seat.sock (pupitre-seat listens)
 *     stream first-chunk              the plugin verified its first chunk
 *     stream waiting TEXT             reads wait: no server answers, TEXT says why
 *     stream resumed                  they go on
 *     stream corrupt TEXT             something failed its check and was dropped
 *     stream disk-cache TEXT          the disk cache is not used, TEXT says why
 *     screen picture                  the guest's first picture is shown
 *     screen input                    somebody types or moves the mouse; while it goes
 *                                     on, every few seconds
 *     screen key KEY                  the key that is caught was pressed
 *
 *   to RUNDIR/stream.sock (the plugin listens, pupitre-seat sends)
 *     guest-ready             the guest has started: its boot profile ends here
 *
 * In the texts to the screen a " | " begins a second line, small, for helpdesk.
 *
 * RUNDIR is /run/pupitre on a seat. Senders never block and never fail for want of a
 * listener.
 */
#pragma once

#include <glib.h>

#define PUP_NOTIFY_MAX 1024u

/* With a blank on either side: what follows it is the second line. */
#define PUP_NOTIFY_MORE "|"

/* Send one line (cut at PUP_NOTIFY_MAX) to the socket @path. */
void pup_notify_send(const char *path, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Bind @path (an old socket there is replaced), non-blocking. Returns the fd, -1 on
 * error. */
int pup_notify_listen(const char *path, GError **error);

/* Receive one line into @line (NUL-terminated). FALSE when none is waiting. */
gboolean pup_notify_receive(int fd, char line[PUP_NOTIFY_MAX + 1]);
