/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/page.h"

/* More stages done than fit on any page. */
#define DONE_MAX 24
/* The stage's title until somebody says what is going on. */
#define FIRST_TITLE "One moment, please"

PupPage *
pup_page_new(void)
{
    PupPage *page = g_new0(PupPage, 1);

    page->stage = g_strdup(FIRST_TITLE);
    page->progress = -1;
    page->done = g_ptr_array_new_with_free_func(g_free);
    page->info = g_strdup("");
    page->notice = g_strdup("");
    page->word = g_strdup("");
    page->text = g_strdup("");
    page->stage_more = g_strdup("");
    page->notice_more = g_strdup("");
    page->text_more = g_strdup("");
    return page;
}

void
pup_page_free(PupPage *page)
{
    if (page == NULL)
        return;
    g_ptr_array_unref(page->done);
    g_free(page->stage);
    g_free(page->info);
    g_free(page->notice);
    g_free(page->word);
    g_free(page->text);
    g_free(page->stage_more);
    g_free(page->notice_more);
    g_free(page->text_more);
    g_free(page);
}

static gboolean
set_text(char **field, const char *text)
{
    if (g_str_equal(*field, text))
        return FALSE;
    g_free(*field);
    *field = g_strdup(text);
    return TRUE;
}

static gboolean
set_kind(PupPage *page, PupPageKind kind)
{
    gboolean changed = page->kind != kind;

    page->kind = kind;
    return changed;
}

/* Go back to the stage @title if it is one of those done: it and what came after it are
 * not done any more. */
static void
undo_from(PupPage *page, const char *title)
{
    for (guint i = 0; i < page->done->len; i++)
        if (g_str_equal(g_ptr_array_index(page->done, i), title)) {
            g_ptr_array_set_size(page->done, (int) i);
            return;
        }
}

/* A new stage: the one before is done, unless an error ended it. */
static gboolean
apply_stage(PupPage *page, const PupMessage *message)
{
    const char *title = message->text;
    gboolean ended_well =
        page->kind == PUP_PAGE_STAGE && !g_str_equal(page->stage, FIRST_TITLE);
    gboolean changed = set_kind(page, PUP_PAGE_STAGE);

    changed |= set_text(&page->stage_more, message->more);
    if (g_str_equal(page->stage, title))
        return changed;
    if (ended_well)
        g_ptr_array_add(page->done, g_strdup(page->stage));
    if (page->done->len > DONE_MAX)
        g_ptr_array_remove_index(page->done, 0);
    undo_from(page, title);
    page->progress = -1;
    return set_text(&page->stage, title);
}

static gboolean
apply_full_page(PupPage *page, PupPageKind kind, const PupMessage *message)
{
    gboolean changed = set_kind(page, kind);

    changed |= set_text(&page->word, message->word);
    changed |= set_text(&page->text, message->text);
    changed |= set_text(&page->text_more, message->more);
    return changed;
}

static gboolean
apply_notice(PupPage *page, const PupMessage *message)
{
    gboolean changed = set_text(&page->notice, message->text);

    changed |= set_text(&page->notice_more, message->more);
    return changed;
}

static gboolean
apply_progress(PupPage *page, int progress)
{
    gboolean changed = page->progress != progress;

    page->progress = progress;
    return changed && page->kind == PUP_PAGE_STAGE;
}

gboolean
pup_page_apply(PupPage *page, const PupMessage *message)
{
    switch (message->kind) {
    case PUP_MESSAGE_STAGE:
        return apply_stage(page, message);
    case PUP_MESSAGE_PROGRESS:
        return apply_progress(page, message->progress);
    case PUP_MESSAGE_INFO:
        return set_text(&page->info, message->text);
    case PUP_MESSAGE_NOTICE:
        return apply_notice(page, message);
    case PUP_MESSAGE_ERROR:
        return apply_full_page(page, PUP_PAGE_ERROR, message);
    case PUP_MESSAGE_MAC:
        return apply_full_page(page, PUP_PAGE_MAC, message);
    case PUP_MESSAGE_SPICE:
        return set_kind(page, PUP_PAGE_STAGE);
    case PUP_MESSAGE_SPICE_OFF:
        g_ptr_array_set_size(page->done, 0);
        set_text(&page->stage, FIRST_TITLE);
        set_text(&page->stage_more, "");
        page->progress = -1;
        set_kind(page, PUP_PAGE_STAGE);
        return TRUE;
    case PUP_MESSAGE_CATCH:
        return FALSE;
    }
    return FALSE;
}

gboolean
pup_page_moves(const PupPage *page)
{
    return page->kind == PUP_PAGE_STAGE && page->progress < 0;
}
