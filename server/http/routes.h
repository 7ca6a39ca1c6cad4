/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * routes - the handlers, one file an area; the table is in routes.c
 *
 * Each is a PupHandlerFunc whose data is the PupService (doc/http-api.md says what it
 * does).
 */
#pragma once

#include "server/http/service.h"

PupHandlerFunc pup_get_chunk; /* route_chunks.c */

PupHandlerFunc pup_get_room; /* route_manifests.c */
PupHandlerFunc pup_get_manifest;
PupHandlerFunc pup_get_manifest_sig;

PupHandlerFunc pup_get_boot_profile; /* route_boot_profile.c */
PupHandlerFunc pup_post_boot_profile;

PupHandlerFunc pup_register_seat; /* route_seats.c */
PupHandlerFunc pup_report_seat;
PupHandlerFunc pup_get_seats;

PupHandlerFunc pup_poll_peers; /* route_peers.c */

PupHandlerFunc pup_get_status; /* route_status.c */

PupHandlerFunc pup_get_metrics; /* route_metrics.c */

PupHandlerFunc pup_get_first_script; /* route_boot.c */
PupHandlerFunc pup_get_loader_script;
PupHandlerFunc pup_get_script;
PupHandlerFunc pup_get_image_file;
PupHandlerFunc pup_get_loader;
