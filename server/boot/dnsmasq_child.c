/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/boot/dnsmasq_child.h"

#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include "server/log.h"
#include "server/subprocess.h"

#define PAUSE_MIN_S 1
#define PAUSE_MAX_S 30
#define RAN_WELL_US (60 * G_USEC_PER_SEC)
#define STOP_WAIT_MS 2000

struct PupDnsmasqChild {
    char *conf_path, *pid_path;
    PupDnsmasqLine on_line;
    gpointer data;
    GSubprocess *process;      /* NULL: not running */
    GCancellable *cancellable; /* ends the reading and waiting of @process */
    gint64 started_us;
    unsigned pause_s;
    guint restart_id;
    char *last_line; /* says why, when it ends */
};

static void start_process(PupDnsmasqChild *child);

PupDnsmasqChild *
pup_dnsmasq_child_new(const char *conf_path, const char *pid_path, PupDnsmasqLine on_line,
                      gpointer data)
{
    PupDnsmasqChild *child = g_new0(PupDnsmasqChild, 1);
    child->conf_path = g_strdup(conf_path);
    child->pid_path = g_strdup(pid_path);
    child->on_line = on_line;
    child->data = data;
    child->pause_s = PAUSE_MIN_S;
    return child;
}

static gboolean
on_restart(gpointer data)
{
    PupDnsmasqChild *child = data;
    child->restart_id = 0;
    start_process(child);
    return G_SOURCE_REMOVE;
}

static void
schedule_restart(PupDnsmasqChild *child)
{
    if (g_get_monotonic_time() - child->started_us >= RAN_WELL_US)
        child->pause_s = PAUSE_MIN_S;
    pup_log(LOG_ERR, "dnsmasq-ended", "message", child->last_line, "again_in_s",
            PUP_LOG_NUM(child->pause_s), NULL);
    child->restart_id = g_timeout_add_seconds(child->pause_s, on_restart, child);
    child->pause_s = MIN(child->pause_s * 2, PAUSE_MAX_S);
}

static void
on_ended(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_subprocess_wait_finish(G_SUBPROCESS(source), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    PupDnsmasqChild *child = data;
    g_clear_object(&child->process);
    g_clear_object(&child->cancellable);
    schedule_restart(child);
}

static void read_line(PupDnsmasqChild *child, GDataInputStream *stream);

/* One operation is under way at a time: lines until the pipe closes, then the wait for
 * the exit. A cancelled one reports nothing but that, and @data is gone. */
static void
on_line_read(GObject *source, GAsyncResult *result, gpointer data)
{
    GDataInputStream *stream = G_DATA_INPUT_STREAM(source);
    g_autoptr(GError) error = NULL;
    g_autofree char *line =
        g_data_input_stream_read_line_finish(stream, result, NULL, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    PupDnsmasqChild *child = data;
    if (!line) {
        g_subprocess_wait_async(child->process, child->cancellable, on_ended, child);
        return;
    }
    child->on_line(child->data, line);
    g_free(child->last_line);
    child->last_line = g_steal_pointer(&line);
    read_line(child, stream);
}

static void
read_line(PupDnsmasqChild *child, GDataInputStream *stream)
{
    g_data_input_stream_read_line_async(stream, G_PRIORITY_DEFAULT, child->cancellable,
                                        on_line_read, child);
}

/* In the new process: end with the parent, whatever ends it. */
static void
die_with_parent(gpointer data)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* TRUE when process @pid is a dnsmasq that runs with our configuration. */
static gboolean
is_ours(const PupDnsmasqChild *child, gint64 pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/cmdline", pid);
    g_autofree char *cmdline = NULL;
    gsize len;
    return g_file_get_contents(path, &cmdline, &len, NULL) &&
           memmem(cmdline, len, "dnsmasq", strlen("dnsmasq")) &&
           memmem(cmdline, len, child->conf_path, strlen(child->conf_path));
}

/* A dnsmasq that an earlier, killed daemon left behind would hold the ports. */
static void
end_left_over(PupDnsmasqChild *child)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(child->pid_path, &text, NULL, NULL))
        return;
    gint64 pid = g_ascii_strtoll(text, NULL, 10);
    if (pid <= 1 || !is_ours(child, pid) || kill(pid, SIGTERM) < 0)
        return;
    pup_log(LOG_WARNING, "dnsmasq-left-over", "pid", PUP_LOG_NUM(pid), NULL);
    gint64 deadline_us = g_get_monotonic_time() + STOP_WAIT_MS * 1000;
    while (is_ours(child, pid) && g_get_monotonic_time() < deadline_us)
        g_usleep(10000);
}

static GSubprocess *
spawn(PupDnsmasqChild *child, GError **error)
{
    g_autofree char *found = g_find_program_in_path("dnsmasq");
    g_autofree char *conf = g_strconcat("--conf-file=", child->conf_path, NULL);
    g_autofree char *pid = g_strconcat("--pid-file=", child->pid_path, NULL);
    const char *argv[] = {found ? found : "/usr/sbin/dnsmasq",
                          "--keep-in-foreground",
                          conf,
                          pid,
                          "--log-facility=-",
                          NULL};
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_subprocess_launcher_setenv(launcher, "LC_ALL", "C", TRUE);
    g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
    return g_subprocess_launcher_spawnv(launcher, argv, error);
}

static void
start_process(PupDnsmasqChild *child)
{
    g_autoptr(GError) error = NULL;
    end_left_over(child);
    child->started_us = g_get_monotonic_time();
    child->process = spawn(child, &error);
    if (!child->process) {
        g_free(child->last_line);
        child->last_line = g_strdup(error->message);
        schedule_restart(child);
        return;
    }
    pup_log(LOG_INFO, "dnsmasq-started", "pid",
            g_subprocess_get_identifier(child->process), NULL);
    child->cancellable = g_cancellable_new();
    g_autoptr(GDataInputStream) stream =
        g_data_input_stream_new(g_subprocess_get_stderr_pipe(child->process));
    read_line(child, stream);
}

void
pup_dnsmasq_child_start(PupDnsmasqChild *child)
{
    pup_dnsmasq_child_stop(child);
    child->pause_s = PAUSE_MIN_S;
    start_process(child);
}

void
pup_dnsmasq_child_stop(PupDnsmasqChild *child)
{
    if (child->restart_id)
        g_source_remove(child->restart_id);
    child->restart_id = 0;
    if (!child->process)
        return;
    g_cancellable_cancel(child->cancellable);
    g_clear_object(&child->cancellable);
    pup_subprocess_stop(child->process, STOP_WAIT_MS);
    g_clear_object(&child->process);
    pup_log(LOG_INFO, "dnsmasq-stopped", NULL);
}

void
pup_dnsmasq_child_free(PupDnsmasqChild *child)
{
    if (!child)
        return;
    pup_dnsmasq_child_stop(child);
    g_free(child->conf_path);
    g_free(child->pid_path);
    g_free(child->last_line);
    g_free(child);
}
