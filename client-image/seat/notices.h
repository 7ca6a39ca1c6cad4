/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * notices - which of several things goes into the banner over the guest's picture
 *
 * Each kind has one text at most; the most pressing kind is shown. One that is hushed
 * (words.h) is not, but the server still hears of it. Pure; one thread.
 */
#pragma once

#include "client-image/seat/words.h"

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
    PUP_NOTICE_KVM,     /* KVM refuses something that the guest can do without */
    PUP_NOTICE_CLOCK,   /* the server's clock cannot be right */
    PUP_N_NOTICES,
} PupNotice;

typedef struct {
    PupWords *words[PUP_N_NOTICES];
} PupNotices;

/* Set (taken over) or, with NULL, clear what there is to say. */
void pup_notices_set(PupNotices *notices, PupNotice notice, PupWords *words);
void pup_notices_clear(PupNotices *notices);

/* What to show, NULL when there is nothing. Valid until the next change. */
const PupWords *pup_notices_shown(const PupNotices *notices);

/* What to tell the server, "" when there is nothing. Valid until the next change. */
const char *pup_notices_detail(const PupNotices *notices);
