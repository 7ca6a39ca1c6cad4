/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * faulty-fault - what the faulty HTTP server does wrong next
 *
 * One fault at a time is set, from a line of text:
 *
 *     none                       behave
 *     MODE[:ARGUMENT] [COUNT[/EACH] [PREFIX]]
 *
 * for COUNT (0 or absent: all) of the next requests whose path begins with PREFIX, each
 * of them or every EACH-th:
 *
 *     flip        one bit of the body's middle byte is wrong
 *     truncate    the connection closes after half of the announced body
 *     short       half a body, announced as such
 *     status:N    an error with HTTP status N instead
 *     reset       the connection is reset after the answer's first bytes
 *     drip:BYTES  at most BYTES bytes a second
 *     stop:MS     no answer to anything for MS milliseconds; with COUNT 1, once
 *
 * Threads: any.
 */
#pragma once

#include <glib.h>

typedef enum {
    FAULT_NONE,
    FAULT_FLIP,
    FAULT_TRUNCATE,
    FAULT_SHORT,
    FAULT_STATUS,
    FAULT_RESET,
    FAULT_DRIP,
    FAULT_STOP,
} FaultMode;

typedef struct {
    FaultMode mode;
    guint64 argument;
} Fault;

/* Set the fault from @line. FALSE when it makes no sense; then nothing changed. */
gboolean fault_set(const char *line);

/* The fault for a request of @path, which is counted. */
Fault fault_next(const char *path);

/* @bytes of bodies go out. */
void fault_count_bytes(guint64 bytes);

/* "bytes B requests N faults M\n": counted since the start. New string. */
char *fault_counts(void);
