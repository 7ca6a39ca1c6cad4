/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/http/routes.h"

const PupRoute pup_routes[] = {
    {PUP_GET, "/v1/chunks/*", pup_get_chunk},
    {PUP_GET, "/v1/rooms/*", pup_get_room},
    {PUP_GET, "/v1/rooms/*/versions/*/manifest", pup_get_manifest},
    {PUP_GET, "/v1/rooms/*/versions/*/manifest.sig", pup_get_manifest_sig},
    {PUP_GET, "/v1/rooms/*/versions/*/boot-profile", pup_get_boot_profile},
    {PUP_POST, "/v1/seats/*/boot-profile", pup_post_boot_profile,
     PUP_BOOT_PROFILE_MAX_BYTES},
    {PUP_POST, "/v1/seats/*/register", pup_register_seat},
    {PUP_POST, "/v1/seats/*/report", pup_report_seat},
    {PUP_POST, "/v1/seats/*/peers", pup_poll_peers},
    {PUP_GET, "/v1/seats", pup_get_seats},
    {PUP_GET, "/v1/status", pup_get_status},
    {PUP_GET, "/metrics", pup_get_metrics},
    {PUP_GET, "/boot.ipxe", pup_get_first_script},
    {PUP_GET, "/loader.ipxe", pup_get_loader_script},
    {PUP_GET, "/boot/*/ipxe", pup_get_script},
    {PUP_GET, "/boot/*/*", pup_get_image_file},
    {PUP_GET, "/tftp/*", pup_get_loader},
    {.pattern = NULL},
};
