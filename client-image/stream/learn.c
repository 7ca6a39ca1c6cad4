/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/learn.h"

#include "client-image/common/http.h"
#include "client-image/stream/clock.h"
#include "lib/boot_profile.h"
#include "lib/error.h"

#define CONNECT_TIMEOUT_MS 2000u
#define STALL_TIMEOUT_MS 4000u
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

/* The profile as one of the servers has it; NULL with NOT_FOUND when there is none. */
static GBytes *
ask_servers(PupLearn *learn, GError **error)
{
    const PupLearnConfig *config = &learn->config;
    GBytes *answer = NULL;

    for (guint i = 0; !answer && config->servers[i]; i++) {
        g_autofree char *url =
            g_strdup_printf("%s/v1/rooms/%s/versions/%u/boot-profile", config->servers[i],
                            config->room, config->version);
        g_clear_error(error);
        answer = pup_http_get(learn->http, url, PUP_BOOT_PROFILE_MAX_BYTES, error);
    }
    return answer;
}

/* Get the profile and hand it on. FALSE: the thread is to end. */
static gboolean
get(PupLearn *learn)
{
    const PupLearnConfig *config = &learn->config;
    g_autoptr(GArray) positions = NULL;
    g_autoptr(GBytes) answer = NULL;
    g_autoptr(GError) error = NULL;

    while (!(answer = ask_servers(learn, &error)) &&
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

static gboolean
send_once(PupLearn *learn, GBytes *profile, GError **error)
{
    const PupLearnConfig *config = &learn->config;
    g_autoptr(GBytes) answer = NULL;

    for (guint i = 0; !answer && config->servers[i]; i++) {
        g_autofree char *url = g_strdup_printf(
            "%s/v1/seats/%s/boot-profile?room=%s&version=%u", config->servers[i],
            config->mac, config->room, config->version);
        g_clear_error(error);
        answer = pup_http_post(learn->http, url, profile, ANSWER_MAX_BYTES, error);
    }
    return answer != NULL;
}

static void
send_recorded(PupLearn *learn)
{
    g_autoptr(GArray) positions = pup_recorder_positions(learn->config.recorder);
    g_autoptr(GBytes) profile = pup_boot_profile_format(
        (const guint32 *) (gpointer) positions->data, positions->len);
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < SEND_TRIES; i++) {
        if (send_once(learn, profile, &error) || !sleep_for(learn, RETRY_US))
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
    learn->http = pup_http_new(CONNECT_TIMEOUT_MS, STALL_TIMEOUT_MS);
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
