/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/learn.h"

#include "client-image/common/http.h"
#include "client-image/stream/clock.h"
#include "lib/boot_profile.h"
#include "lib/error.h"

#define RETRY_US (2 * G_USEC_PER_SEC)
/* How often to look whether the recording is over. */
#define LOOK_US G_USEC_PER_SEC
#define ANSWER_MAX_BYTES (64u * 1024u)
/* A server that is gone for longer learns from the next start. */
#define SEND_TRIES 5u

struct PupLearn {
    PupLearnConfig config;
    PupHttp *http;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    gboolean hurry;
    gboolean stopping;
};

/* Sleep for @us, or until hurried. FALSE when the thread is to end. */
static gboolean
sleep_for(PupLearn *learn, gint64 us)
{
    gint64 until_us = g_get_monotonic_time() + us;
    gboolean goes_on;

    pthread_mutex_lock(&learn->lock);
    while (!learn->stopping && !learn->hurry &&
           pup_clock_cond_wait(&learn->wake, &learn->lock, until_us))
        ;
    learn->hurry = FALSE;
    goes_on = !learn->stopping;
    pthread_mutex_unlock(&learn->lock);
    return goes_on;
}

/* GET @path from the first of the servers that has it, or POST @body (not NULL) to the
 * first that takes it. */
static GBytes *
ask_servers(PupLearn *learn, const char *path, GBytes *body, GError **error)
{
    GBytes *answer = NULL;

    for (const char *const *server = learn->config.servers; !answer && *server;
         server++) {
        g_autofree char *url = g_strconcat(*server, path, NULL);
        g_clear_error(error);
        answer = body ? pup_http_post(learn->http, url, body, ANSWER_MAX_BYTES, error)
                      : pup_http_get(learn->http, url, PUP_BOOT_PROFILE_MAX_BYTES, error);
    }
    return answer;
}

/* Get the profile and hand it on. FALSE: the thread is to end. */
static gboolean
get(PupLearn *learn)
{
    const PupLearnConfig *config = &learn->config;
    g_autofree char *path = g_strdup_printf("/v1/rooms/%s/versions/%u/boot-profile",
                                            config->room, config->version);
    g_autoptr(GArray) positions = NULL;
    g_autoptr(GBytes) answer = NULL;
    g_autoptr(GError) error = NULL;

    while (!(answer = ask_servers(learn, path, NULL, &error)) &&
           !g_error_matches(error, PUP_ERROR, PUP_ERROR_NOT_FOUND)) {
        if (!sleep_for(learn, RETRY_US))
            return FALSE;
    }
    if (!answer)
        return TRUE;
    positions =
        pup_boot_profile_parse(g_bytes_get_data(answer, NULL), g_bytes_get_size(answer),
                               config->n_chunks, &error);
    if (positions)
        config->learned(config->user, positions);
    else
        g_printerr("pupitre: the boot profile of %s@%u is not used: %s\n", config->room,
                   config->version, error->message);
    return TRUE;
}

static void
send_recorded(PupLearn *learn)
{
    const PupLearnConfig *config = &learn->config;
    g_autofree char *path =
        g_strdup_printf("/v1/seats/%s/boot-profile?room=%s&version=%u", config->mac,
                        config->room, config->version);
    g_autoptr(GArray) positions = pup_recorder_positions(config->recorder);
    g_autoptr(GBytes) profile = pup_boot_profile_format(
        (const guint32 *) (gpointer) positions->data, positions->len);
    g_autoptr(GError) error = NULL;

    if (positions->len == 0)
        return;
    for (unsigned i = 0; i < SEND_TRIES; i++) {
        g_autoptr(GBytes) answer = ask_servers(learn, path, profile, &error);
        if (answer || !sleep_for(learn, RETRY_US))
            return;
    }
    g_printerr("pupitre: the boot profile of this start was not sent: %s\n",
               error->message);
}

static void *
run(void *user)
{
    PupLearn *learn = user;
    PupRecorder *recorder = learn->config.recorder;
    gboolean goes_on = get(learn);

    if (!learn->config.mac)
        return NULL;
    while (goes_on && !pup_recorder_is_over(recorder, g_get_monotonic_time()))
        goes_on = sleep_for(learn, LOOK_US);
    if (goes_on)
        send_recorded(learn);
    return NULL;
}

PupLearn *
pup_learn_new(const PupLearnConfig *config)
{
    PupLearn *learn = g_new0(PupLearn, 1);

    learn->config = *config;
    learn->http = pup_http_new(PUP_HTTP_CONNECT_TIMEOUT_MS, PUP_HTTP_STALL_TIMEOUT_MS);
    pthread_mutex_init(&learn->lock, NULL);
    pup_clock_cond_init(&learn->wake);
    if (pthread_create(&learn->thread, NULL, run, learn) != 0)
        g_error("cannot start a thread");
    return learn;
}

void
pup_learn_free(PupLearn *learn)
{
    if (!learn)
        return;
    pthread_mutex_lock(&learn->lock);
    learn->stopping = TRUE;
    pthread_cond_signal(&learn->wake);
    pthread_mutex_unlock(&learn->lock);
    pup_http_cancel(learn->http);
    pthread_join(learn->thread, NULL);
    pthread_cond_destroy(&learn->wake);
    pthread_mutex_destroy(&learn->lock);
    pup_http_free(learn->http);
    g_free(learn);
}

void
pup_learn_hurry(PupLearn *learn)
{
    pthread_mutex_lock(&learn->lock);
    learn->hurry = TRUE;
    pthread_cond_signal(&learn->wake);
    pthread_mutex_unlock(&learn->lock);
}
