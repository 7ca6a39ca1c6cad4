/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nbdkit has no way to say that it is ready, but its socket appears when it is, and the
 * plugin's own checks come before that. Hence a look every 20 ms, for as long as it
 * lives: while no server answers, the plugin itself waits, and says so on the notify
 * socket.
 */
#include "config.h"
#include "client-image/seat/stream_child.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS 20
#define RESTART_PAUSE_MS 1000
#define VERSION_KEY "version="

struct PupStreamChild {
    char **argv;           /* of the next launch */
    unsigned version;      /* in argv */
    unsigned first;        /* that the running one began with: its export "" */
    GHashTable *manifests; /* version -> PupName: those that the running one may know */
    char *socket;
    PupStreamChangeFunc on_change;
    gpointer user;
    GSubprocess *process; /* NULL between death and restart */
    GCancellable *watch;  /* of the wait for its end */
    guint timer;          /* looks for the socket, or restarts; 0: none */
    gboolean ready;
    gboolean was_ready;
};

static void launch(PupStreamChild *child);

static char **
make_argv(const PupStreamConfig *config)
{
    GPtrArray *argv = g_ptr_array_new();

    g_ptr_array_add(argv, g_strdup("nbdkit"));
    g_ptr_array_add(argv, g_strdup("--foreground"));
    g_ptr_array_add(argv, g_strdup("--readonly"));
    g_ptr_array_add(argv, g_strdup("--exit-with-parent"));
    g_ptr_array_add(argv, g_strdup("--unix"));
    g_ptr_array_add(argv, g_strdup(config->socket));
    g_ptr_array_add(argv, g_strdup(config->plugin));
    g_ptr_array_add(argv, g_strdup_printf("server=%s", config->server));
    g_ptr_array_add(argv, g_strdup_printf("room=%s", config->room));
    g_ptr_array_add(argv, g_strdup_printf(VERSION_KEY "%u", config->version));
    g_ptr_array_add(argv, g_strdup_printf("pubkey=%s", config->pubkey));
    g_ptr_array_add(argv,
                    g_strdup_printf("cache=%" G_GUINT64_FORMAT "M", config->cache_mib));
    if (config->disk_cache)
        g_ptr_array_add(argv, g_strdup_printf("disk-cache=%s", config->disk_cache));
    g_ptr_array_add(argv, g_strdup_printf("seat=%s", config->mac));
    g_ptr_array_add(argv, g_strdup_printf("boot=%s", config->boot));
    g_ptr_array_add(argv, g_strdup_printf("peer-port=%u", config->peer_port));
    g_ptr_array_add(argv, g_strdup_printf("control=%s", config->control));
    g_ptr_array_add(argv, g_strdup_printf("notify=%s", config->notify));
    g_ptr_array_add(argv, NULL);
    return (char **) g_ptr_array_free(argv, FALSE);
}

static gboolean
on_look(gpointer data)
{
    PupStreamChild *child = data;

    if (access(child->socket, F_OK) != 0)
        return G_SOURCE_CONTINUE;
    child->timer = 0;
    child->ready = TRUE;
    child->was_ready = TRUE;
    child->on_change(child->user, PUP_STREAM_READY, "");
    return G_SOURCE_REMOVE;
}

static gboolean
on_restart(gpointer data)
{
    PupStreamChild *child = data;

    child->timer = 0;
    launch(child);
    return G_SOURCE_REMOVE;
}

static void
ended(PupStreamChild *child, const char *words)
{
    g_clear_object(&child->process);
    g_clear_handle_id(&child->timer, g_source_remove);
    child->ready = FALSE;
    if (child->was_ready)
        child->timer = g_timeout_add(RESTART_PAUSE_MS, on_restart, child);
    child->on_change(child->user, child->was_ready ? PUP_STREAM_DIED : PUP_STREAM_FAILED,
                     words);
}

static char *
describe_end(GSubprocess *process)
{
    if (g_subprocess_get_if_signaled(process))
        return g_strdup_printf("nbdkit was killed by signal %d",
                               g_subprocess_get_term_sig(process));
    return g_strdup_printf("nbdkit ended with status %d",
                           g_subprocess_get_exit_status(process));
}

static void
on_end(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *words = NULL;

    if (!g_subprocess_wait_finish(G_SUBPROCESS(source), result, &error))
        return; /* being freed: data is gone */
    words = describe_end(G_SUBPROCESS(source));
    ended(data, words);
}

static gboolean
on_no_launch(gpointer data)
{
    PupStreamChild *child = data;

    child->timer = 0;
    ended(child, "cannot start nbdkit");
    return G_SOURCE_REMOVE;
}

/* Started again, it may meet a guest in the middle of its work. */
static GSubprocess *
spawn(const PupStreamChild *child)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();

    for (char **word = child->argv; *word; word++)
        g_ptr_array_add(argv, *word);
    if (child->was_ready)
        g_ptr_array_add(argv, (char *) "guest-runs=yes");
    g_ptr_array_add(argv, NULL);
    return g_subprocess_newv((const char *const *) argv->pdata, G_SUBPROCESS_FLAGS_NONE,
                             NULL);
}

static void
launch(PupStreamChild *child)
{
    unlink(child->socket);
    child->first = child->version;
    child->process = spawn(child);
    if (!child->process) {
        child->timer = g_timeout_add(0, on_no_launch, child);
        return;
    }
    g_subprocess_wait_async(child->process, child->watch, on_end, child);
    child->timer = g_timeout_add(LOOK_MS, on_look, child);
}

static void
note_manifest(PupStreamChild *child, const PupStreamConfig *config)
{
    g_hash_table_insert(child->manifests, GUINT_TO_POINTER(config->version),
                        g_memdup2(&config->manifest, sizeof config->manifest));
}

static gboolean
knows_another(PupStreamChild *child, const PupStreamConfig *config)
{
    const PupName *known =
        g_hash_table_lookup(child->manifests, GUINT_TO_POINTER(config->version));

    return known && !pup_name_equal(known, &config->manifest);
}

PupStreamChild *
pup_stream_child_new(const PupStreamConfig *config, PupStreamChangeFunc on_change,
                     gpointer user)
{
    PupStreamChild *child = g_new0(PupStreamChild, 1);

    child->argv = make_argv(config);
    child->version = config->version;
    child->manifests = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    note_manifest(child, config);
    child->socket = g_strdup(config->socket);
    child->on_change = on_change;
    child->user = user;
    child->watch = g_cancellable_new();
    launch(child);
    return child;
}

void
pup_stream_child_free(PupStreamChild *child)
{
    if (!child)
        return;
    g_cancellable_cancel(child->watch);
    g_clear_handle_id(&child->timer, g_source_remove);
    if (child->process) {
        g_subprocess_force_exit(child->process);
        g_subprocess_wait(child->process, NULL, NULL);
        g_object_unref(child->process);
    }
    g_object_unref(child->watch);
    g_hash_table_destroy(child->manifests);
    unlink(child->socket);
    g_strfreev(child->argv);
    g_free(child->socket);
    g_free(child);
}

static gboolean
differ_in_version_at_most(char **a, char **b)
{
    for (; *a && *b; a++, b++) {
        gboolean both =
            g_str_has_prefix(*a, VERSION_KEY) && g_str_has_prefix(*b, VERSION_KEY);

        if (!both && strcmp(*a, *b) != 0)
            return FALSE;
    }
    return !*a && !*b;
}

gboolean
pup_stream_child_take(PupStreamChild *child, const PupStreamConfig *config,
                      gboolean by_name)
{
    g_auto(GStrv) argv = make_argv(config);

    if (!differ_in_version_at_most(child->argv, argv) ||
        (!by_name && config->version != child->first) || knows_another(child, config))
        return FALSE;
    note_manifest(child, config);
    g_strfreev(child->argv);
    child->argv = g_steal_pointer(&argv);
    child->version = config->version;
    return TRUE;
}

gboolean
pup_stream_child_is_ready(const PupStreamChild *child)
{
    return child->ready;
}

gboolean
pup_stream_child_has_failed(const PupStreamChild *child)
{
    return !child->process && !child->was_ready;
}
