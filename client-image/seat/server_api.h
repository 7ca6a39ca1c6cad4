/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server_api - what the seat tells the server and is told (doc/http-api.md, /v1/seats)
 *
 * The texts can be made and parsed without a network. Answers are taken strictly: a
 * member that is missing or out of range is an error; one that is not known is passed
 * over, since a newer server may say more.
 *
 * Threads: as the PupHttp.
 */
#pragma once

#include "client-image/common/http.h"
#include "client-image/seat/seat_machine.h"
#include "client-image/seat/starts.h"
#include "lib/stage.h"
#include "lib/take.h"

/* A server's answers are small. */
#define PUP_ANSWER_MAX_BYTES (64u * 1024u)

typedef struct {
    const char *boot; /* id of this boot */
    unsigned cpus;
    guint64 memory_mib;
    gboolean kvm, uefi;
    gint64 clock_ms; /* Unix time by the PC's own clock */
} PupHello;

typedef struct {
    PupTarget target;
    char *seat; /* its name; "" when the server does not say */
    unsigned poll_s;
    gint64 now_ms; /* Unix time by the server's clock; -1 when it does not say */
} PupWelcome;

/* What an answer to a report says. */
typedef struct {
    PupTarget target;
    PupTake take;    /* how a guest that runs gives way to it */
    unsigned idle_s; /* of PUP_TAKE_IDLE */
} PupTold;

void pup_told_clear(PupTold *told);

void pup_welcome_free(PupWelcome *welcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupWelcome, pup_welcome_free)

/* Borrowed strings. */
typedef struct {
    const char *boot, *state, *detail;
    unsigned version; /* 0: none yet */
    gint64 t_ms;      /* now */
    /* When each stage was reached, since the kernel's start; -1: not, or not to be sent.
     */
    gint64 stage_ms[PUP_N_STAGES];
    const PupStarts *starts; /* NULL: nothing is said of them */
} PupReportText;

/* JSON texts; new strings. */
char *pup_hello_format(const PupHello *hello);
char *pup_report_format(const PupReportText *report);
/* Errors: INVALID. */
PupWelcome *pup_welcome_parse(const char *text, gsize len, GError **error);
/* A way to take a version that is missing or not known is PUP_TAKE_NEXT_BOOT: whatever
 * speaks to us, no guest is ended by mistake. *@told is untouched on error. */
gboolean pup_told_parse(const char *text, gsize len, PupTold *told, GError **error);

/* POST .../register. Errors: those of pup_http_post_json(), NOT_FOUND when no room has
 * @mac; INVALID (an answer that makes no sense). */
PupWelcome *pup_server_register(PupHttp *http, const char *server, const char *mac,
                                const PupHello *hello, GError **error);

/* POST .../report with @text from pup_report_format(). *@told is set to what the server
 * wants. Errors: the same. */
gboolean pup_server_report(PupHttp *http, const char *server, const char *mac,
                           const char *text, PupTold *told, GError **error);
