/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/versions.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "client-image/common/notify.h"
#include "client-image/stream/clock.h"
#include "client-image/stream/manifest_wait.h"

#define LOOK_US G_USEC_PER_SEC

struct PupVersions {
    PupVersionsConfig config;
    pthread_mutex_t lock;
    GPtrArray *all;      /* of PupVersion; they stay */
    PupVersion *current; /* that a guest opened last */
    PupVersion *warm;    /* NULL: none; set by the thread alone */
    unsigned vain;       /* the version to warm up that nobody can give; 0: none */
    PupHttp *http;       /* of the thread, as is vain */
    int control_fd;      /* -1: none */
    pthread_t thread;
    pthread_cond_t wake;
    gboolean stopping;
};

static gboolean
owns(gpointer user, const PupName *name)
{
    return pup_neighbours_is_ours(user, name);
}

/* The lock is held. */
static PupVersion *
find(PupVersions *versions, unsigned number)
{
    for (guint i = 0; i < versions->all->len; i++) {
        PupVersion *version = g_ptr_array_index(versions->all, i);
        if (pup_version_number(version) == number)
            return version;
    }
    return NULL;
}

/* The version of @manifest, which is taken over; another thread may have been quicker.
 * @mac: of whom its boot profile is sent; NULL: it is not. */
static PupVersion *
add(PupVersions *versions, PupManifest *manifest, const char *mac, GError **error)
{
    const PupVersionsConfig *config = &versions->config;
    const PupVersionConfig version_config = {
        .servers = config->servers,
        .mac = mac,
        .supply = config->supply,
        .owns = owns,
        .user = config->neighbours,
        .max_own = config->max_own,
        .max_lead = config->max_lead,
        .max_ahead = config->max_ahead,
        .keep_chunks = config->keep_chunks,
    };
    PupVersion *version;

    pthread_mutex_lock(&versions->lock);
    version = find(versions, manifest->version);
    if (version) {
        pup_manifest_free(manifest);
    } else {
        version = pup_version_new(&version_config, manifest, error);
        if (version)
            g_ptr_array_add(versions->all, version);
    }
    pthread_mutex_unlock(&versions->lock);
    return version;
}

static PupManifestWait
manifest_of(const PupVersions *versions, unsigned number)
{
    return (PupManifestWait){
        .servers = versions->config.servers,
        .room = versions->config.room,
        .version = number,
        .key = versions->config.key,
        .report = versions->config.report,
    };
}

PupVersion *
pup_versions_open(PupVersions *versions, unsigned number, GError **error)
{
    const PupManifestWait wait = manifest_of(versions, number);
    PupVersion *version;
    PupManifest *manifest;

    pthread_mutex_lock(&versions->lock);
    version = number ? find(versions, number) : g_ptr_array_index(versions->all, 0);
    pthread_mutex_unlock(&versions->lock);
    if (!version) {
        manifest = pup_manifest_wait(&wait, error);
        version = manifest ? add(versions, manifest, versions->config.mac, error) : NULL;
    }
    if (!version)
        return NULL;
    pthread_mutex_lock(&versions->lock);
    versions->current = version;
    pthread_mutex_unlock(&versions->lock);
    pup_neighbours_tell_version(versions->config.neighbours, pup_version_number(version));
    pup_supply_wake(versions->config.supply);
    return version;
}

static PupVersion *
current_of(PupVersions *versions)
{
    PupVersion *current;

    pthread_mutex_lock(&versions->lock);
    current = versions->current;
    pthread_mutex_unlock(&versions->lock);
    return current;
}

/* What the guest is about to read goes before what may be read at its next start. */
static gboolean
step(gpointer user)
{
    PupVersions *versions = user;
    PupVersion *current, *warm;

    pthread_mutex_lock(&versions->lock);
    current = versions->current;
    warm = versions->warm;
    pthread_mutex_unlock(&versions->lock);
    return pup_version_step(current) || (warm && pup_version_step(warm));
}

static void
hear_control(PupVersions *versions)
{
    char line[PUP_NOTIFY_MAX + 1];

    while (versions->control_fd >= 0 && pup_notify_receive(versions->control_fd, line)) {
        if (strcmp(line, "guest-ready") == 0)
            pup_version_guest_ready(current_of(versions));
    }
}

/* Version @number, which the server wants warmed up; NULL: not now, or never. */
static PupVersion *
get_warm(PupVersions *versions, unsigned number)
{
    const PupManifestWait wait = manifest_of(versions, number);
    g_autoptr(GError) error = NULL;
    PupVersion *version;
    PupManifest *manifest;
    gboolean is_final = TRUE;

    pthread_mutex_lock(&versions->lock);
    version = find(versions, number);
    pthread_mutex_unlock(&versions->lock);
    if (version)
        return version;
    manifest = pup_manifest_try(&wait, versions->http, &is_final, &error);
    if (manifest)
        version = add(versions, manifest, versions->config.mac, &error);
    if (!version && is_final) {
        versions->vain = number;
        g_printerr("pupitre: version %u is not warmed up: %s\n", number, error->message);
    }
    return version;
}

/* Begin to warm up what the server wants, when it wants it. Tried anew each second. */
static void
hear_warm(PupVersions *versions)
{
    unsigned number = pup_neighbours_warm(versions->config.neighbours);
    PupVersion *version;

    if (versions->vain != number)
        versions->vain = 0;
    if (number == 0 || versions->vain == number ||
        (versions->warm && pup_version_number(versions->warm) == number))
        return;
    version = get_warm(versions, number);
    if (!version)
        return;
    pthread_mutex_lock(&versions->lock);
    versions->warm = version;
    pthread_mutex_unlock(&versions->lock);
    pup_supply_wake(versions->config.supply);
}

static void
tell_stats(PupVersions *versions)
{
    PupStats *stats = versions->config.stats;
    guint n_chunks, n_present;

    pup_version_coverage(current_of(versions), &n_chunks, &n_present);
    pup_stats_set(stats, PUP_STAT_PROFILE_CHUNKS, n_chunks);
    pup_stats_set(stats, PUP_STAT_PROFILE_PRESENT, n_present);
    if (!versions->warm)
        return;
    pup_version_coverage(versions->warm, &n_chunks, &n_present);
    if (pup_version_is_fetched(versions->warm))
        n_present = n_chunks;
    pup_stats_set(stats, PUP_STAT_WARM_VERSION, pup_version_number(versions->warm));
    pup_stats_set(stats, PUP_STAT_WARM_TOTAL, n_chunks);
    pup_stats_set(stats, PUP_STAT_WARM_DONE, n_present);
}

/* Sleep until it is time to look again. FALSE when the thread is to end. */
static gboolean
sleep_on(PupVersions *versions)
{
    gint64 until_us = g_get_monotonic_time() + LOOK_US;
    gboolean goes_on;

    pthread_mutex_lock(&versions->lock);
    while (!versions->stopping &&
           pup_clock_cond_wait(&versions->wake, &versions->lock, until_us))
        ;
    goes_on = !versions->stopping;
    pthread_mutex_unlock(&versions->lock);
    return goes_on;
}

static void *
run(void *user)
{
    PupVersions *versions = user;

    do {
        hear_control(versions);
        hear_warm(versions);
        tell_stats(versions);
        if (pup_version_walks(current_of(versions)) ||
            (versions->warm && pup_version_walks(versions->warm)))
            pup_supply_wake(versions->config.supply);
    } while (sleep_on(versions));
    return NULL;
}

PupVersions *
pup_versions_new(const PupVersionsConfig *config, PupManifest *first, GError **error)
{
    PupVersions *versions = g_new0(PupVersions, 1);

    versions->config = *config;
    versions->control_fd = -1;
    versions->all = g_ptr_array_new_with_free_func((GDestroyNotify) pup_version_free);
    pthread_mutex_init(&versions->lock, NULL);
    pup_clock_cond_init(&versions->wake);
    versions->current = add(versions, first, config->runs ? NULL : config->mac, error);
    if (versions->current && config->control)
        versions->control_fd = pup_notify_listen(config->control, error);
    if (!versions->current || (config->control && versions->control_fd < 0)) {
        g_ptr_array_free(versions->all, TRUE);
        g_free(versions);
        return NULL;
    }
    versions->http = pup_http_new(PUP_HTTP_CONNECT_TIMEOUT_MS, PUP_HTTP_STALL_TIMEOUT_MS);
    if (pthread_create(&versions->thread, NULL, run, versions) != 0)
        g_error("cannot start a thread");
    pup_supply_set_idle(config->supply, step, versions);
    return versions;
}

void
pup_versions_free(PupVersions *versions)
{
    if (!versions)
        return;
    pup_supply_set_idle(versions->config.supply, NULL, NULL);
    pthread_mutex_lock(&versions->lock);
    versions->stopping = TRUE;
    pthread_cond_signal(&versions->wake);
    pthread_mutex_unlock(&versions->lock);
    pup_http_cancel(versions->http);
    pthread_join(versions->thread, NULL);
    pup_http_free(versions->http);
    if (versions->control_fd >= 0) {
        close(versions->control_fd);
        g_unlink(versions->config.control);
    }
    g_ptr_array_free(versions->all, TRUE);
    pthread_cond_destroy(&versions->wake);
    pthread_mutex_destroy(&versions->lock);
    g_free(versions);
}
