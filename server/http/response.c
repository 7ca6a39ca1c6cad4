/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "server/http/http.h"

#define JSON_TYPE "application/json"

void
pup_response_text(PupResponse *res, const char *type, char *text)
{
    res->type = type;
    res->bytes = g_bytes_new_take(text, strlen(text));
}

void
pup_response_json(PupResponse *res, json_t *json)
{
    g_autofree char *text = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT);
    json_decref(json);
    pup_response_text(res, JSON_TYPE, g_strconcat(text, "\n", NULL));
}

void
pup_response_error(PupResponse *res, unsigned status, const char *code,
                   const char *message)
{
    pup_response_clear(res);
    res->status = status;
    g_autofree char *valid = g_utf8_make_valid(message, -1);
    pup_response_json(
        res, json_pack("{s:{s:s,s:s}}", "error", "code", code, "message", valid));
}

void
pup_response_gerror(PupResponse *res, const GError *error)
{
    const char *code =
        error->domain == PUP_ERROR ? pup_error_name(error->code) : "INTERNAL";
    pup_response_error(res, pup_error_http_status(error), code, error->message);
}

void
pup_response_file(PupResponse *res, const PupRequest *req, int fd, guint64 size,
                  char *etag)
{
    res->type = "application/octet-stream";
    res->etag = etag;
    res->ranges = TRUE;
    res->fd = fd;
    res->length = res->total = size;
    if (pup_response_not_modified(res, req))
        return;
    switch (pup_range_parse(req->range, size, &res->offset, &res->length)) {
    case PUP_RANGE_WHOLE:
        break;
    case PUP_RANGE_PART:
        res->status = 206;
        break;
    case PUP_RANGE_UNSATISFIABLE:
        pup_response_error(res, 416, pup_error_name(PUP_ERROR_INVALID),
                           "the range lies outside the file");
        res->total = size;
        break;
    }
}

gboolean
pup_response_not_modified(PupResponse *res, const PupRequest *req)
{
    if (!req->if_none_match || !res->etag || !strstr(req->if_none_match, res->etag))
        return FALSE;
    res->status = 304;
    return TRUE;
}

void
pup_response_clear(PupResponse *res)
{
    g_clear_pointer(&res->bytes, g_bytes_unref);
    g_clear_pointer(&res->etag, g_free);
    if (res->fd >= 0)
        close(res->fd);
    *res = PUP_RESPONSE_INIT;
}
