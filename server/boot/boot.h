/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * boot - the iPXE scripts that a booting PC gets: struct in, text out
 *
 * Templates are read from DATA_DIR/ipxe-scripts at every call (they are small, and an
 * admin who edits one sees it at the next boot). Values are escaped for iPXE; one that
 * cannot be written safely is INVALID.
 *
 * Pure but for that reading; any thread. Every returned text is a new string.
 */
#pragma once

#include <glib.h>

/* Where the answers come from; borrowed strings. */
typedef struct {
    const char *data_dir; /* holds ipxe-scripts/ and templates/ */
    const char *url;      /* "http://10.77.0.2:8080", how PCs reach the HTTP server */
    unsigned spread_s; /* added to each pause of this PC: another one for each, so that a
                          room that waits does not ask all at once */
} PupBootSite;

/* What a seat boots; borrowed strings. */
typedef struct {
    const char *mac;         /* "52:54:00:12:34:56" */
    const char *room;        /* for people */
    const char *seat;        /* for people; NULL for a PC in the default room */
    const char *image;       /* id of the client image */
    const char *root_sha256; /* of its root.img, hex */
    guint64 root_bytes;      /* of its root.img */
    const char *kernel_args; /* added to the kernel line, or NULL */
} PupBootSeat;

/* boot.ipxe: the script that dnsmasq names. */
char *pup_boot_first(const PupBootSite *site, GError **error);
/* loader.ipxe: the script for an iPXE on a disk of the PC. */
char *pup_boot_loader(const PupBootSite *site, GError **error);
/* The script of a known seat: kernel, initramfs, kernel line. */
char *pup_boot_seat(const PupBootSite *site, const PupBootSeat *seat, GError **error);
/* The script of a PC that no room has: shows @mac and asks again. */
char *pup_boot_unknown(const PupBootSite *site, const char *mac, GError **error);
/* A script that shows @message and asks again; what iPXE cannot print of it is left out,
 * and what four lines do not hold. */
char *pup_boot_error(const PupBootSite *site, const char *mac, const char *message,
                     GError **error);
