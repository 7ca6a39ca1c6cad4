/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/taking.h"

#define STEP_S 10
/* So long people can read that it was put off, and that half of that time is over. */
#define READ_S 10

void
pup_taking_begin(PupTaking *taking, gboolean sees_input, gint64 now_ms)
{
    *taking = (PupTaking){.sees_input = sees_input, .used_ms = now_ms};
}

void
pup_taking_told(PupTaking *taking, PupTake take, unsigned idle_s, gboolean news,
                gint64 now_ms)
{
    if (!taking->news || taking->take != take) {
        taking->since_ms = now_ms;
        taking->n_more = 0;
    }
    taking->take = take;
    taking->idle_s = idle_s;
    taking->news = news;
}

void
pup_taking_used(PupTaking *taking, gint64 now_ms)
{
    taking->used_ms = now_ms;
}

/* Whole seconds from @now_ms to @end_ms, a part of one counts as one. */
static int
seconds_to(gint64 end_ms, gint64 now_ms)
{
    return (int) (MAX(end_ms - now_ms + 999, 0) / 1000);
}

int
pup_taking_left_s(const PupTaking *taking, gint64 now_ms)
{
    gint64 begin_ms = taking->since_ms;

    if (!taking->news || taking->take == PUP_TAKE_NEXT_BOOT)
        return -1;
    if (taking->take == PUP_TAKE_IDLE) {
        gint64 idle_ms = taking->used_ms + (gint64) taking->idle_s * 1000;

        if (!taking->sees_input || now_ms < idle_ms)
            return -1;
        begin_ms = MAX(begin_ms, idle_ms);
    } else if (taking->n_more > 0) {
        return seconds_to(taking->more_ms + PUP_TAKING_MORE_S * 1000, now_ms);
    }
    return seconds_to(begin_ms + PUP_TAKING_COUNTDOWN_S * 1000, now_ms);
}

gboolean
pup_taking_has_key(const PupTaking *taking, gint64 now_ms)
{
    int left_s = pup_taking_left_s(taking, now_ms);

    return taking->take == PUP_TAKE_NOW && taking->sees_input && left_s > 0 &&
           left_s <= PUP_TAKING_COUNTDOWN_S;
}

gboolean
pup_taking_more(PupTaking *taking, gint64 now_ms)
{
    if (!pup_taking_has_key(taking, now_ms))
        return FALSE;
    taking->n_more++;
    taking->more_ms = now_ms;
    return TRUE;
}

/* Where it was put off: what is said for READ_S from now on, and halfway. */
static PupWords *
words_between(const PupTaking *taking, int left_s)
{
    gboolean begins = left_s > PUP_TAKING_MORE_S - READ_S;
    gboolean halfway =
        left_s <= PUP_TAKING_MORE_S / 2 && left_s > PUP_TAKING_MORE_S / 2 - READ_S;
    const PupFacts facts = {
        .left_s = begins ? PUP_TAKING_MORE_S : PUP_TAKING_MORE_S / 2,
        .granted_s = (int) taking->n_more * PUP_TAKING_MORE_S,
    };
    PupWords *words = pup_words_new(PUP_SAY_MORE_TIME, &facts);

    return begins || halfway ? words : pup_words_hush(words);
}

PupWords *
pup_taking_words(const PupTaking *taking, gint64 now_ms)
{
    int left_s = pup_taking_left_s(taking, now_ms);
    const PupFacts facts = {
        .left_s = left_s > STEP_S ? (left_s + STEP_S - 1) / STEP_S * STEP_S : left_s,
    };

    if (left_s < 0)
        return NULL;
    if (taking->take == PUP_TAKE_IDLE)
        return pup_words_new(PUP_SAY_TAKING_IDLE, &facts);
    if (left_s > PUP_TAKING_COUNTDOWN_S)
        return words_between(taking, left_s);
    return pup_words_new(
        taking->sees_input ? PUP_SAY_TAKING_NOW : PUP_SAY_TAKING_NOW_UNSEEN, &facts);
}
