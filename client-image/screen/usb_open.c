/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pupitre-usb-open - the answer to the question whether a USB device may be opened
 *
 * libspice-client-glib never opens a USB device without asking a helper program first,
 * not even as root: it writes "BUS ADDRESS" and a newline to the helper, waits for
 * "SUCCESS", and closes the helper's input when the device is given back. The helper of
 * the distribution asks polkit over D-Bus, changes the access list of the device's node
 * for the user, and so needs two daemons more. On a seat pupitre-screen is root, who may
 * open any device: there is nothing to ask and nothing to change.
 */
#include <stdio.h>
#include <unistd.h>

int
main(void)
{
    unsigned bus, address;
    int character;

    if (geteuid() != 0) {
        puts("only root may open USB devices here");
        return 1;
    }
    if (scanf("%3u %3u", &bus, &address) != 2) {
        puts("expected a bus and an address");
        return 1;
    }
    puts("SUCCESS");
    fflush(stdout);
    while ((character = getchar()) != EOF)
        ;
    return 0;
}
