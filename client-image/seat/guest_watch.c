/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/guest_watch.h"

#include "client-image/seat/fill.h"
#include "client-image/seat/log.h"
#include "client-image/seat/task.h"

#define LOOK_S 2
/* Damage that is not met again is over. */
#define DAMAGED_S 10
/* Trouble with a disk of the PC: long enough to be seen once the guest runs. */
#define DISK_S 120

/* A notice that goes by itself. */
typedef struct {
    PupFace *face;
    PupNotice notice;
    guint timer; /* 0: it is not shown */
} Passing;

struct PupGuestWatch {
    PupFace *face;
    PupSession *session;
    PupHypervisor *hypervisor;
    const char *server;
    PupTask *resume; /* being told to go on */
    guint look;      /* 0: no guest runs */
    gboolean halted, full;
    Passing damaged, cache, overlay;
    PupFill fill;
};

PupGuestWatch *
pup_guest_watch_new(PupFace *face, PupSession *session, PupHypervisor *hypervisor,
                    const char *server)
{
    PupGuestWatch *watch = g_new0(PupGuestWatch, 1);

    watch->face = face;
    watch->damaged = (Passing){face, PUP_NOTICE_DAMAGED, 0};
    watch->cache = (Passing){face, PUP_NOTICE_CACHE, 0};
    watch->overlay = (Passing){face, PUP_NOTICE_OVERLAY, 0};
    watch->session = session;
    watch->hypervisor = hypervisor;
    watch->server = server;
    return watch;
}

void
pup_guest_watch_free(PupGuestWatch *watch)
{
    if (!watch)
        return;
    g_clear_handle_id(&watch->look, g_source_remove);
    g_clear_handle_id(&watch->damaged.timer, g_source_remove);
    g_clear_handle_id(&watch->cache.timer, g_source_remove);
    g_clear_handle_id(&watch->overlay.timer, g_source_remove);
    pup_task_end(watch->resume);
    g_free(watch);
}

static gboolean
do_resume(gpointer data, GError **error)
{
    pup_hypervisor_resume(((PupGuestWatch *) data)->hypervisor);
    return TRUE;
}

static void
on_resume_over(gpointer data, const GError *error)
{
    ((PupGuestWatch *) data)->resume = NULL;
}

static void
look_at_overlay(PupGuestWatch *watch)
{
    PupSpace space = pup_session_space(watch->session);

    if (pup_fill_look(&watch->fill, &space, g_get_monotonic_time() / 1000))
        pup_face_notice(watch->face, PUP_NOTICE_FILLING,
                        pup_fill_words(&watch->fill, pup_session_keeps(watch->session)));
}

static gboolean
on_look(gpointer data)
{
    PupGuestWatch *watch = data;

    look_at_overlay(watch);
    if (watch->halted && !watch->full && !watch->resume &&
        pup_session_stream_is_ready(watch->session))
        watch->resume = pup_task_start(do_resume, on_resume_over, watch);
    return G_SOURCE_CONTINUE;
}

void
pup_guest_watch_begin(PupGuestWatch *watch)
{
    if (!watch->look)
        watch->look = g_timeout_add_seconds(LOOK_S, on_look, watch);
}

void
pup_guest_watch_end(PupGuestWatch *watch)
{
    g_clear_handle_id(&watch->look, g_source_remove);
    watch->halted = FALSE;
    watch->full = FALSE;
    watch->fill = (PupFill){0};
    pup_face_guest_over(watch->face);
}

void
pup_guest_watch_sign(PupGuestWatch *watch)
{
    if (watch->look)
        pup_face_stage(watch->face, PUP_STAGE_GUEST_ALIVE);
}

/* A zram device whose memory is used up says "I/O error" where a disk says "full". */
static void
halted(PupGuestWatch *watch, gboolean full)
{
    watch->halted = TRUE;
    watch->full = full || pup_session_is_full(watch->session);
    pup_log("guest-paused", "%s", watch->full ? "overlay full" : "I/O error");
    pup_face_notice(watch->face, watch->full ? PUP_NOTICE_FULL : PUP_NOTICE_HALTED,
                    pup_words_new(watch->full ? PUP_SAY_FULL : PUP_SAY_HALTED, NULL));
}

static void
resumed(PupGuestWatch *watch)
{
    watch->halted = FALSE;
    watch->full = FALSE;
    pup_log("guest-resumed", "%s", "");
    pup_face_notice(watch->face, PUP_NOTICE_FULL, NULL);
    pup_face_notice(watch->face, PUP_NOTICE_HALTED, NULL);
}

/* Its agent is a service of the system that has started: the only sign that does not come
 * from firmware or a boot loader already. */
static void
ready(PupGuestWatch *watch)
{
    pup_guest_watch_sign(watch);
    pup_session_guest_ready(watch->session);
}

void
pup_guest_watch_event(PupGuestWatch *watch, PupGuestEvent event)
{
    if (!watch->look)
        return;
    if (event == PUP_GUEST_FULL || event == PUP_GUEST_HALTED)
        halted(watch, event == PUP_GUEST_FULL);
    else if (event == PUP_GUEST_RESUMED && watch->halted)
        resumed(watch);
    else if (event == PUP_GUEST_AGENT)
        ready(watch);
}

static gboolean
on_passed(gpointer data)
{
    Passing *passing = data;

    passing->timer = 0;
    pup_face_notice(passing->face, passing->notice, NULL);
    return G_SOURCE_REMOVE;
}

/* Show @words, taken over, for so many seconds from now. */
static void
show_for(Passing *passing, guint seconds, PupWords *words)
{
    g_clear_handle_id(&passing->timer, g_source_remove);
    passing->timer = g_timeout_add_seconds(seconds, on_passed, passing);
    pup_face_notice(passing->face, passing->notice, words);
}

static void
damaged(PupGuestWatch *watch, const char *what)
{
    const PupFacts facts = {.why = what};

    if (!watch->damaged.timer)
        pup_log("stream", "damaged data was refused: %s", what);
    show_for(&watch->damaged, DAMAGED_S, pup_words_new(PUP_SAY_DAMAGED, &facts));
}

static void
without_cache(PupGuestWatch *watch, const char *why)
{
    const PupFacts facts = {.why = why};

    pup_log("disk-cache", "not used: %s", why);
    show_for(&watch->cache, DISK_S, pup_words_new(PUP_SAY_NO_CACHE, &facts));
}

void
pup_guest_watch_say(PupGuestWatch *watch, PupWords *words)
{
    show_for(&watch->overlay, DISK_S, words);
}

void
pup_guest_watch_note(PupGuestWatch *watch, PupNote note, const char *text)
{
    const PupFacts facts = {.server = watch->server, .why = text};

    switch (note) {
    case PUP_NOTE_FIRST_CHUNK:
        pup_face_stage(watch->face, PUP_STAGE_FIRST_CHUNK);
        break;
    case PUP_NOTE_WAITING:
        pup_log("stream", "waiting for the server: %s", text);
        pup_face_notice(watch->face, PUP_NOTICE_STREAM,
                        pup_words_new(PUP_SAY_SERVER_WAIT, &facts));
        break;
    case PUP_NOTE_RESUMED:
        pup_log("stream", "the server answers again");
        pup_face_notice(watch->face, PUP_NOTICE_STREAM, NULL);
        break;
    case PUP_NOTE_CORRUPT:
        damaged(watch, text);
        break;
    case PUP_NOTE_DISK_CACHE:
        without_cache(watch, text);
        break;
    case PUP_NOTE_PICTURE:
        pup_log("guest", "picture shown");
        pup_guest_watch_sign(watch);
        break;
    case PUP_NOTE_INPUT:
    case PUP_NOTE_KEY:
        break; /* say nothing of the guest */
    }
}
