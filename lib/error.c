/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/error.h"

#include <errno.h>

typedef struct {
    const char *name;
    int exit_status;
    unsigned http_status;
} CodeInfo;

static const CodeInfo code_info[] = {
    [PUP_ERROR_INVALID] = {"INVALID", 2, 400},
    [PUP_ERROR_NOT_FOUND] = {"NOT_FOUND", 3, 404},
    [PUP_ERROR_EXISTS] = {"EXISTS", 4, 409},
    [PUP_ERROR_CORRUPT] = {"CORRUPT", 5, 500},
    [PUP_ERROR_BUSY] = {"BUSY", 6, 503},
    [PUP_ERROR_DENIED] = {"DENIED", 7, 403},
    [PUP_ERROR_NET] = {"NET", 8, 502},
    [PUP_ERROR_IO] = {"IO", 9, 500},
    [PUP_ERROR_NO_SPACE] = {"NO_SPACE", 10, 507},
    [PUP_ERROR_UNSUPPORTED] = {"UNSUPPORTED", 11, 501},
    [PUP_ERROR_TIMEOUT] = {"TIMEOUT", 12, 504},
};

G_DEFINE_QUARK(pup - error - quark, pup_error)

static const CodeInfo *
info_of(const GError *error)
{
    if (!error || error->domain != PUP_ERROR ||
        (unsigned) error->code >= G_N_ELEMENTS(code_info))
        return NULL;
    return &code_info[error->code];
}

const char *
pup_error_name(PupErrorCode code)
{
    g_return_val_if_fail((unsigned) code < G_N_ELEMENTS(code_info), "IO");
    return code_info[code].name;
}

int
pup_error_exit_status(const GError *error)
{
    const CodeInfo *info = info_of(error);
    return info ? info->exit_status : 1;
}

unsigned
pup_error_http_status(const GError *error)
{
    const CodeInfo *info = info_of(error);
    return info ? info->http_status : 500;
}

static PupErrorCode
code_of_errno(int errnum)
{
    switch (errnum) {
    case ENOSPC:
    case EDQUOT:
        return PUP_ERROR_NO_SPACE;
    case ENOENT:
        return PUP_ERROR_NOT_FOUND;
    case EEXIST:
        return PUP_ERROR_EXISTS;
    case EACCES:
    case EPERM:
        return PUP_ERROR_DENIED;
    default:
        return PUP_ERROR_IO;
    }
}

void
pup_error_set_errno(GError **error, int errnum, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    pup_error_set(error, code_of_errno(errnum), "%s: %s", what, g_strerror(errnum));
}
