/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings - the server's configuration, pupitre.conf
 *
 * An INI file (lib/ini.h), by default SYSCONFDIR/pupitre/pupitre.conf, elsewhere with the
 * command's and the daemon's --config. Everything else lives under its state folder:
 *
 *     STATE/store/            chunks, manifests, names             server/store
 *     STATE/images/masters/   NAME@VERSION.qcow2, immutable        server/image
 *     STATE/images/layers/    DIGEST.qcow2, after a recipe's steps server/image
 *     STATE/images/rooms/     NAME.qcow2, the sub-masters          server/image
 *     STATE/client-image/     ID/{vmlinuz,initrd.img,root.img,image.json}, current -> ID
 *     STATE/keys/             server.sec (0600), server.pub
 *     STATE/tftp/             first loaders
 *     STATE/run/              dnsmasq.conf, locks
 *     STATE/catalog.db        SQLite
 *     STATE/boot-profiles/    ROOM/VERSION/MAC                     server/catalog
 *     STATE/profiles/         ROOM.conf as it was good last, seats server/catalog
 *     ROOMS/NAME.conf         room profiles ("rooms" beside pupitre.conf)
 *     RECIPES/site, RECIPES/NAME  recipes ("recipes" beside it)
 *
 * A plain struct, read once; SIGHUP reads it anew into another one.
 */
#pragma once

#include "lib/ini.h"

/* Bound of [masters] keep, versions. */
#define PUP_MASTERS_KEEP_MAX 100000u

typedef enum { PUP_DHCP_PROXY, PUP_DHCP_OWN, PUP_DHCP_OFF } PupDhcpMode;

typedef enum { PUP_ACCEL_AUTO, PUP_ACCEL_EMULATE } PupAccel;

typedef struct {
    char *path;        /* the file itself */
    char *state_dir;   /* [server] state_dir */
    char *rooms_dir;   /* [server] rooms_dir */
    char *recipes_dir; /* [server] recipes_dir */
    char *address;     /* [server] address: IPv4 that PCs reach us at; NULL: of [dhcp]
                          interface */
    unsigned port;     /* [server] port, default 8080 */
    unsigned threads;  /* [server] threads; 0: one a core */

    PupDhcpMode dhcp;  /* [dhcp] mode = proxy | own | off */
    char *interface;   /* [dhcp] interface; NULL: not set */
    char *range_first; /* [dhcp] first, last: own mode's addresses, set in that mode */
    char *range_last;
    char *netmask;    /* [dhcp] netmask; NULL: of the interface */
    char *router;     /* [dhcp] router, NULL: none handed out */
    char *dns;        /* [dhcp] dns, NULL: none handed out */
    unsigned lease_s; /* [dhcp] lease, seconds, default 3600 */

    char *default_room; /* [seats] unknown = show-mac (NULL) | room NAME */
    unsigned poll_s;    /* [seats] poll, seconds between a seat's reports, default 10 */

    char *libvirt_uri;     /* [libvirt] uri; NULL: the embedded driver */
    char *libvirt_pool;    /* [libvirt] pool, default "pupitre" */
    PupAccel accel;        /* [libvirt] accel = auto | emulate */
    unsigned masters_keep; /* [masters] keep, versions of each; 0: all */

    char *kernel_args; /* [client-image] kernel_args, added to the PC's kernel line; "" */
} PupSettings;

extern const PupIniKey pup_settings_keys[];

/* Read and check @path (NULL: the default place). Asks the machine nothing. Errors:
 * NOT_FOUND (says to run `pupitre init`), INVALID with file:line. */
PupSettings *pup_settings_load(const char *path, GError **error);
/* The same for @text (@len bytes) that came from @path. */
PupSettings *pup_settings_parse(const char *path, const char *text, size_t len,
                                GError **error);
void pup_settings_free(PupSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupSettings, pup_settings_free)

/* "STATE/@sub", new string. */
char *pup_settings_path(const PupSettings *settings, const char *sub);

/* Text of a commented default configuration, for `pupitre init`. New string. */
char *pup_settings_default_text(const char *state_dir);
