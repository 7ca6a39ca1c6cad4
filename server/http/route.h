/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * route - which handler a path belongs to
 *
 * A pattern is a path in which a segment "*" stands for any one segment. A path matches
 * byte for byte after percent-decoding, segment by segment; nothing is normalised: an
 * empty segment, "." and "..", a decoded '/' or control character are INVALID. The first
 * pattern that matches counts.
 *
 * Pure; any thread.
 */
#pragma once

#include <glib.h>

#define PUP_ROUTE_MAX_ARGS 3
/* A longer path is INVALID. */
#define PUP_PATH_MAX 1024

typedef enum { PUP_GET = 1 << 0, PUP_POST = 1 << 1 } PupMethod;

/* A decoded path, cut into its segments. */
typedef struct {
    char text[PUP_PATH_MAX + 1];
    const char *segments[16];
    unsigned n_segments;
} PupPath;

/* Decode and cut @raw. Errors: INVALID. */
gboolean pup_path_parse(const char *raw, PupPath *path, GError **error);

/* TRUE when @path is of the shape @pattern; @args gets what its stars stood for. */
gboolean pup_route_match(const char *pattern, const PupPath *path,
                         const char *args[PUP_ROUTE_MAX_ARGS]);
