/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stage - the stages of a seat's way from power-on to the guest, in order
 *
 * Their names travel in the seat API (doc/http-api.md), the catalog and the log; the
 * titles are for people.
 */
#pragma once

#include <glib.h>

typedef enum {
    PUP_STAGE_DHCP,          /* "dhcp": the firmware was offered an address   (server) */
    PUP_STAGE_LOADER,        /* "loader": its boot script was fetched         (server) */
    PUP_STAGE_KERNEL,        /* "kernel": the kernel was fetched              (server) */
    PUP_STAGE_CLIENT_IMAGE,  /* "client-image": the root image was fetched    (server) */
    PUP_STAGE_REGISTERED,    /* "registered": the agent got room and version  (server) */
    PUP_STAGE_DISK,          /* "disk": manifest verified, overlay made       (seat) */
    PUP_STAGE_FIRST_CHUNK,   /* "first-chunk": a chunk came and was verified  (seat) */
    PUP_STAGE_GUEST_STARTED, /* "guest-started": the domain runs              (seat) */
    PUP_STAGE_GUEST_ALIVE, /* "guest-alive": first byte on its serial line, its agent, or
                               its first picture, whatever comes first      (seat) */
    PUP_N_STAGES
} PupStage;

const char *pup_stage_name(PupStage stage);  /* static */
const char *pup_stage_title(PupStage stage); /* "Client image loaded"; static */
/* The reverse of pup_stage_name(); FALSE for an unknown name. */
gboolean pup_stage_parse(const char *name, PupStage *stage);
