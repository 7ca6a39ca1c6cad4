/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The path that all traffic takes. The bytes go from the pack to the socket by sendfile;
 * they are not looked at here: whoever receives a chunk verifies it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "lib/error.h"
#include "server/http/routes.h"

gboolean
pup_get_chunk(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    PupService *service = data;
    const char *hex = req->args[0];
    PupName name;
    if (!pup_name_from_hex(hex, strlen(hex), &name, error))
        return FALSE;
    PupExtent extent;
    if (!pup_store_locate(service->store, &name, &extent, error))
        return FALSE;
    res->type = "application/octet-stream";
    res->immutable = TRUE;
    res->shared = TRUE;
    res->etag = g_strconcat("\"", hex, "\"", NULL);
    gboolean ok = TRUE;
    if (!pup_response_not_modified(res, req)) {
        /* libmicrohttpd closes the descriptor that it sends from. */
        res->fd = fcntl(extent.fd, F_DUPFD_CLOEXEC, 0);
        res->offset = extent.offset;
        res->length = extent.length;
        ok = res->fd >= 0;
        if (!ok)
            pup_error_set_errno(error, errno, "chunk %s", hex);
    }
    pup_extent_clear(&extent);
    return ok;
}
