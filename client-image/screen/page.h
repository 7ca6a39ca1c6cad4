/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * page - what the screen says, as long as it is not the guest's picture
 *
 *     page = pup_page_new()
 *     pup_page_apply(page, message)           what came over screen.sock
 *     pup_page_draw(page, canvas, fonts, tick)
 *
 * Three pages: the stage page (title, progress bar, stages done), the error page (plain
 * words and the code for the admin) and the page of an unknown PC (its MAC, large). A
 * notice is a banner over a page or over the guest's picture. Every page is laid out
 * from the size of the canvas alone, for anything from 640 x 400 up (smaller ones cut
 * it).
 *
 * Pure: a state and what it looks like; one thread at a time.
 */
#pragma once

#include "client-image/screen/canvas.h"
#include "client-image/screen/font.h"
#include "client-image/screen/message.h"

/* Ticks a second that make the bar of a stage of unknown length move. */
#define PUP_PAGE_TICKS_PER_S 12

typedef enum { PUP_PAGE_STAGE, PUP_PAGE_ERROR, PUP_PAGE_MAC } PupPageKind;

typedef struct {
    PupPageKind kind;
    char *stage;     /* never NULL */
    int progress;    /* -1: busy */
    GPtrArray *done; /* titles of the stages behind us, oldest first */
    char *info;      /* "" without one */
    char *notice;    /* "" without one */
    char *word;      /* the error's code or the MAC */
    char *text;      /* of the error or of the unknown PC */
    /* the small second line of each, for helpdesk; "" without one */
    char *stage_more, *notice_more, *text_more;
} PupPage;

PupPage *pup_page_new(void);
void pup_page_free(PupPage *page);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupPage, pup_page_free)

/* Take in @message. SPICE and SPICE_OFF change the page too: both leave an error page,
 * SPICE_OFF forgets the stages done. Returns TRUE when the page looks different now. */
gboolean pup_page_apply(PupPage *page, const PupMessage *message);

/* Draw the page and its banner over all of @canvas (within its clip). @fonts may be NULL:
 * then shapes only. @tick moves the busy bar. */
void pup_page_draw(const PupPage *page, PupCanvas *canvas, const PupFonts *fonts,
                   unsigned tick);

/* TRUE when the page has something that moves with the tick. */
gboolean pup_page_moves(const PupPage *page);

/* Where the progress bar is on a canvas of that size: what moves. */
PupRect pup_page_bar(int width, int height);

/* Draw the banner of the notice; nothing without one. */
void pup_page_draw_notice(const PupPage *page, PupCanvas *canvas, const PupFonts *fonts);

/* Where the banner is; empty without one. */
PupRect pup_page_notice_rect(const PupPage *page, int width, int height,
                             const PupFonts *fonts);
