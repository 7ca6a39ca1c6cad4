/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/face.h"

#include "client-image/seat/failure.h"
#include "client-image/seat/log.h"
#include "client-image/seat/screen_link.h"

/* A server that is not up yet is no error for so many tries. */
#define PATIENT_TRIES 3u

struct PupFace {
    PupScreenLink *screen;
    PupReporter *reporter;
    PupNotices notices;
    char *server, *mac, *seat;
    char *trouble; /* words of the last failure, while nothing went well since */
    gboolean has_error_page; /* or the page of an unknown PC */
    const char *state;
    unsigned version;
};

PupFace *
pup_face_new(const char *rundir, const char *server, const char *mac, const char *boot,
             PupToldFunc on_told, gpointer user)
{
    g_autofree char *socket = g_build_filename(rundir, "screen.sock", NULL);
    PupFace *face = g_new0(PupFace, 1);

    face->screen = pup_screen_link_new(socket);
    face->reporter = pup_reporter_new(server, mac, boot, on_told, user);
    face->server = g_strdup(server);
    face->mac = g_strdup(mac);
    face->seat = g_strdup("");
    face->state = "booting";
    return face;
}

void
pup_face_free(PupFace *face)
{
    if (!face)
        return;
    pup_reporter_free(face->reporter);
    pup_screen_link_free(face->screen);
    pup_notices_clear(&face->notices);
    g_free(face->server);
    g_free(face->mac);
    g_free(face->seat);
    g_free(face->trouble);
    g_free(face);
}

static void
report(PupFace *face)
{
    pup_reporter_state(face->reporter, face->state, face->version,
                       face->trouble ? face->trouble
                                     : pup_notices_detail(&face->notices));
}

void
pup_face_registered(PupFace *face, const char *seat, unsigned poll_s)
{
    g_free(face->seat);
    face->seat = g_strdup(seat);
    pup_reporter_begin(face->reporter, poll_s);
}

void
pup_face_working(PupFace *face, PupSituation situation, const PupFacts *facts)
{
    g_autoptr(PupWords) words = pup_words_new(situation, facts);

    if (!face->has_error_page)
        pup_screen_stage(face->screen, words);
}

void
pup_face_failed(PupFace *face, PupSeatOrder order, const GError *error,
                unsigned n_failures)
{
    const PupFailure *failure = pup_failure_find(order, error);
    gboolean patient = pup_failure_is_absence(error) && n_failures < PATIENT_TRIES &&
                       !face->has_error_page;
    const PupFacts facts = {.server = face->server, .why = error->message};
    g_autoptr(PupWords) words =
        pup_words_new(patient ? PUP_SAY_SERVER_AWAITED : failure->situation, &facts);

    pup_log("failed", "%s %s", failure->code, error->message);
    g_free(face->trouble);
    face->trouble = g_strdup_printf("%s: %s", failure->code, error->message);
    if (patient) {
        pup_screen_stage(face->screen, words);
    } else {
        face->has_error_page = TRUE;
        pup_screen_error(face->screen, failure->code, words);
    }
    report(face);
}

void
pup_face_unknown(PupFace *face, const GError *error)
{
    const PupFacts facts = {.why = pup_failure_unknown_why(error)};
    gboolean unpublished = pup_failure_is_unpublished(error);
    g_autoptr(PupWords) words =
        pup_words_new(unpublished ? PUP_SAY_UNPUBLISHED : PUP_SAY_UNKNOWN_PC, &facts);

    pup_log("unknown", "%s", error->message);
    face->has_error_page = TRUE;
    if (unpublished)
        pup_screen_error(face->screen, "NOT-PUBLISHED", words);
    else
        pup_screen_unknown(face->screen, face->mac, words);
}

void
pup_face_guest(PupFace *face, const char *path, PupUsb usb)
{
    face->has_error_page = FALSE;
    g_clear_pointer(&face->trouble, g_free);
    pup_screen_guest(face->screen, path, usb);
    report(face);
}

void
pup_face_guest_over(PupFace *face)
{
    pup_notices_clear(&face->notices);
    pup_screen_notice(face->screen, NULL);
    pup_screen_catch(face->screen, "");
    report(face);
}

void
pup_face_notice(PupFace *face, PupNotice notice, PupWords *words)
{
    pup_notices_set(&face->notices, notice, words);
    pup_screen_notice(face->screen, pup_notices_shown(&face->notices));
    report(face);
}

void
pup_face_catch(PupFace *face, const char *key)
{
    pup_screen_catch(face->screen, key);
}

void
pup_face_info(PupFace *face, const PupTarget *target, gboolean emulated)
{
    pup_screen_info(face->screen, "%s@%u  %s%s", target->room, target->version,
                    face->seat, emulated ? "  (no hardware virtualisation: slow)" : "");
}

void
pup_face_state(PupFace *face, const char *state, unsigned version)
{
    face->state = state;
    face->version = version;
    report(face);
}

void
pup_face_stage(PupFace *face, PupStage stage)
{
    pup_reporter_stage(face->reporter, stage);
}

void
pup_face_start(PupFace *face, unsigned version)
{
    pup_reporter_start(face->reporter, version);
}

void
pup_face_reset(PupFace *face)
{
    pup_reporter_reset(face->reporter);
}

void
pup_face_start_over(PupFace *face, const char *end)
{
    pup_reporter_start_over(face->reporter, end);
}

void
pup_face_off(PupFace *face)
{
    pup_reporter_off(face->reporter);
}
