/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * notices - which of several things goes into the banner over the guest's picture
 *
 * Each kind has one text at most; the most pressing kind is shown. Pure; one thread.
 */
#pragma once

#include <glib.h>

/* The most pressing first. */
typedef enum {
    PUP_NOTICE_TAKING,  /* the guest is about to end */
    PUP_NOTICE_FULL,    /* the overlay is full, the guest is paused */
    PUP_NOTICE_HALTED,  /* the guest is paused because of its disk */
    PUP_NOTICE_DAMAGED, /* what the server sent failed its check */
    PUP_NOTICE_STREAM,  /* reads wait for the server */
    PUP_NOTICE_FILLING, /* the overlay will be full soon */
    PUP_NOTICE_OVERLAY, /* what was to be kept is not, or was not */
    PUP_NOTICE_CACHE,   /* the disk cache is not used */
    PUP_N_NOTICES,
} PupNotice;

typedef struct {
    char *texts[PUP_N_NOTICES];
} PupNotices;

/* Set (copied) or, with NULL, clear a text. */
void pup_notices_set(PupNotices *notices, PupNotice notice, const char *text);
void pup_notices_clear(PupNotices *notices);

/* The text to show, "" when there is none. Valid until the next change. */
const char *pup_notices_text(const PupNotices *notices);
