/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kernel_line - what the server told this PC on its kernel's command line
 *
 * Words of the form pupitre.KEY=VALUE with a fixed list of keys (doc/http-api.md); all
 * other words are the kernel's or somebody else's. Nothing is ever executed or expanded.
 * Pure; any thread.
 */
#pragma once

#include <glib.h>

/* Linux's own bound on x86 is half of this. */
#define PUP_KERNEL_LINE_MAX_BYTES 4096u

typedef struct {
    char *server; /* "http://ADDR:PORT", no slash at its end; NULL: not given */
    char *mac;    /* "52:54:00:aa:bb:cc"; NULL: not given */
    char *image;  /* id of the client image; NULL: not given */
} PupKernelLine;

/* Parse @text, the content of /proc/cmdline. Errors: INVALID, with the key (a bad value,
 * a key twice). */
PupKernelLine *pup_kernel_line_parse(const char *text, GError **error);
void pup_kernel_line_free(PupKernelLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupKernelLine, pup_kernel_line_free)

/* Check that @url is "http://HOST" or "http://HOST:PORT", a slash at its end allowed, and
 * return it without that slash, a new string. Errors: INVALID. */
char *pup_server_url_parse(const char *url, GError **error);
