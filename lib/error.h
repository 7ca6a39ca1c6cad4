/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * error - the one error domain of Pupitre
 *
 * Every function that can fail takes a GError ** last, sets it once, at the place where
 * the failure was found, with what failed and on which object ("cannot open 'x': No such
 * file or directory"), and leaves its outputs untouched. Callers pass it up, with
 * g_prefix_error() where that adds an object, or handle it; nobody logs and returns.
 *
 * The enum is closed: each code maps to one exit status of the command and one status of
 * HTTP, so a new code is a decision about both.
 *
 * Pure; safe from any thread.
 */
#pragma once

#include <glib.h>

typedef enum {
    PUP_ERROR_INVALID, /* the caller's or user's input is malformed   exit 2, HTTP 400 */
    PUP_ERROR_NOT_FOUND, /* the named object does not exist             exit 3, HTTP 404
                          */
    PUP_ERROR_EXISTS,   /* the name is taken                           exit 4, HTTP 409 */
    PUP_ERROR_CORRUPT,  /* stored or received bytes fail their check   exit 5, HTTP 500 */
    PUP_ERROR_BUSY,     /* somebody else holds it; try again           exit 6, HTTP 503 */
    PUP_ERROR_DENIED,   /* not allowed, or a signature does not match  exit 7, HTTP 403 */
    PUP_ERROR_NET,      /* the other side cannot be reached            exit 8, HTTP 502 */
    PUP_ERROR_IO,       /* the operating system refused                exit 9, HTTP 500 */
    PUP_ERROR_NO_SPACE, /* disk or memory full                         exit 10, HTTP 507
                         */
    PUP_ERROR_UNSUPPORTED, /* valid, but newer or other than we handle    exit 11, HTTP
                              501 */
    PUP_ERROR_TIMEOUT, /* what was waited for did not come in time  exit 12, HTTP 504 */
} PupErrorCode;

#define PUP_ERROR (pup_error_quark())
GQuark pup_error_quark(void);

/* "INVALID", "NOT_FOUND" ...: the code's name as it stands in JSON. Static storage. */
const char *pup_error_name(PupErrorCode code);

/* Exit status of a command that ends with @error: the table above; 1 for an error of
 * another domain. */
int pup_error_exit_status(const GError *error);

/* HTTP status of an answer that reports @error: the table above; 500 for another domain.
 */
unsigned pup_error_http_status(const GError *error);

/* Set @error from @errnum (an errno value): ENOSPC and EDQUOT become NO_SPACE, ENOENT
 * NOT_FOUND, EEXIST EXISTS, EACCES and EPERM DENIED, all else IO. The message is @format
 * followed by ": " and strerror(). */
void pup_error_set_errno(GError **error, int errnum, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Like g_set_error() in our domain. */
#define pup_error_set(error, code, ...) g_set_error(error, PUP_ERROR, code, __VA_ARGS__)
