/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A child process, so that hours of qemu-img and a virtual machine are none of the
 * daemon's business, and so that what runs by the clock is what a person would type.
 */
#include "config.h"
#include "server/schedule/scheduler.h"

#include "lib/time_text.h"
#include "server/log.h"
#include "server/schedule/rule.h"
#include "server/subprocess.h"

#include <gio/gio.h>
#include <signal.h>
#include <sys/prctl.h>

/* A child that is told to end cleans up behind itself. */
#define STOP_WAIT_MS 8000
/* What the child started may hold its pipes open for longer than it lives. */
#define REST_MS 1000
#define WORDS_MAX 400u
#define DAY_MS (G_GINT64_CONSTANT(24) * 3600 * 1000)
#define SIGNAL_STATUS 128

typedef enum { OUT, ERR, N_PIPES } Pipe;

struct PupScheduler {
    PupSchedulerOptions options;
    PupSchedule schedule;      /* that is being carried out */
    PupScheduleRun run;        /* its words are last[] until it has ended */
    GSubprocess *process;      /* NULL: nothing runs */
    GCancellable *cancellable; /* of what waits for @process */
    unsigned n_open;           /* pipes */
    gboolean exited;
    guint rest_id;
    char *last[N_PIPES]; /* lines */
};

typedef struct {
    PupScheduler *scheduler;
    GDataInputStream *stream;
    Pipe pipe;
} Reader;

static void
log_error(const char *room, const GError *error)
{
    pup_log(LOG_ERR, "schedule-failed", "room", room, "message", error->message, NULL);
}

static void
keep_run(PupScheduler *scheduler, const PupScheduleRun *run)
{
    g_autoptr(GError) error = NULL;
    if (!pup_catalog_set_run(scheduler->options.catalog, run, &error))
        log_error(run->room, error);
}

/* The catalog's last word on runs that nobody saw the end of. */
static void
mark_broken_off(PupScheduler *scheduler)
{
    g_autoptr(GArray) runs = pup_catalog_runs(scheduler->options.catalog, NULL, NULL);
    for (guint i = 0; runs && i < runs->len; i++) {
        PupScheduleRun run = g_array_index(runs, PupScheduleRun, i);
        if (run.ended_ms)
            continue;
        run.ended_ms = scheduler->options.now_ms();
        run.status = PUP_RUN_NO_STATUS;
        run.words = (char *) "broken off: the server ended meanwhile";
        keep_run(scheduler, &run);
    }
}

PupScheduler *
pup_scheduler_new(const PupSchedulerOptions *options)
{
    PupScheduler *scheduler = g_new0(PupScheduler, 1);
    scheduler->options = *options;
    mark_broken_off(scheduler);
    return scheduler;
}

/* When @schedule is due after @now_ms; a rule that cannot be read is looked at daily. */
static gint64
next_time(const PupSchedule *schedule, gint64 now_ms)
{
    g_autoptr(GTimeZone) zone = pup_time_zone();
    PupRule rule;
    if (schedule->once || !pup_rule_parse(schedule->rule, &rule, NULL))
        return now_ms + DAY_MS;
    return pup_rule_next(&rule, zone, now_ms);
}

static void
done(PupScheduler *scheduler, const PupSchedule *schedule)
{
    g_autoptr(GError) error = NULL;
    gint64 next_ms = next_time(schedule, scheduler->options.now_ms());
    if (!pup_catalog_schedule_done(scheduler->options.catalog, schedule, next_ms, &error))
        log_error(schedule->room, error);
}

static void
forget_process(PupScheduler *scheduler)
{
    g_cancellable_cancel(scheduler->cancellable);
    g_clear_object(&scheduler->cancellable);
    g_clear_object(&scheduler->process);
    g_clear_handle_id(&scheduler->rest_id, g_source_remove);
    for (unsigned i = 0; i < N_PIPES; i++)
        g_clear_pointer(&scheduler->last[i], g_free);
    scheduler->n_open = 0;
    scheduler->exited = FALSE;
}

/* The run is over, with scheduler->run.status. */
static void
end_run(PupScheduler *scheduler)
{
    PupScheduleRun *run = &scheduler->run;
    const char *words = scheduler->last[run->status == 0 ? OUT : ERR];
    run->ended_ms = scheduler->options.now_ms();
    run->words = (char *) (words ? words : "");
    pup_log(run->status == 0 ? LOG_INFO : LOG_ERR, "schedule-ended", "room", run->room,
            "status", PUP_LOG_NUM(run->status), "message", run->words, NULL);
    keep_run(scheduler, run);
    run->words = NULL;
    done(scheduler, &scheduler->schedule);
    forget_process(scheduler);
}

static gboolean
on_rest(gpointer data)
{
    PupScheduler *scheduler = data;
    scheduler->rest_id = 0;
    end_run(scheduler);
    return G_SOURCE_REMOVE;
}

static void
on_exited(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    GSubprocess *process = G_SUBPROCESS(source);
    g_subprocess_wait_finish(process, result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    PupScheduler *scheduler = data;
    scheduler->exited = TRUE;
    scheduler->run.status = g_subprocess_get_if_exited(process)
                                ? g_subprocess_get_exit_status(process)
                                : SIGNAL_STATUS + g_subprocess_get_term_sig(process);
    if (scheduler->n_open == 0)
        end_run(scheduler);
    else
        scheduler->rest_id = g_timeout_add(REST_MS, on_rest, scheduler);
}

static void
reader_free(Reader *reader)
{
    g_object_unref(reader->stream);
    g_free(reader);
}

/* JSON wants UTF-8, people a line. */
static char *
tidy(const char *line)
{
    g_autofree char *valid = g_utf8_make_valid(line, -1);
    if (g_utf8_strlen(valid, -1) <= (glong) WORDS_MAX)
        return g_steal_pointer(&valid);
    return g_utf8_substring(valid, 0, WORDS_MAX);
}

static void
take_line(Reader *reader, const char *line)
{
    PupScheduler *scheduler = reader->scheduler;
    if (*line == '\0')
        return;
    g_free(scheduler->last[reader->pipe]);
    scheduler->last[reader->pipe] = tidy(line);
    pup_log(LOG_INFO, "schedule-says", "room", scheduler->run.room, "message",
            scheduler->last[reader->pipe], NULL);
}

static void read_line(Reader *reader);

/* A cancelled operation reports nothing but that, and the scheduler may be gone. */
static void
on_line(GObject *source, GAsyncResult *result, gpointer data)
{
    Reader *reader = data;
    g_autoptr(GError) error = NULL;
    g_autofree char *line =
        g_data_input_stream_read_line_finish(reader->stream, result, NULL, &error);
    if (line) {
        take_line(reader, line);
        read_line(reader);
        return;
    }
    PupScheduler *scheduler = reader->scheduler;
    gboolean cancelled = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    reader_free(reader);
    if (!cancelled && --scheduler->n_open == 0 && scheduler->exited)
        end_run(scheduler);
}

static void
read_line(Reader *reader)
{
    g_data_input_stream_read_line_async(reader->stream, G_PRIORITY_DEFAULT,
                                        reader->scheduler->cancellable, on_line, reader);
}

static void
read_pipe(PupScheduler *scheduler, Pipe pipe)
{
    Reader *reader = g_new0(Reader, 1);
    reader->scheduler = scheduler;
    reader->pipe = pipe;
    reader->stream = g_data_input_stream_new(
        pipe == OUT ? g_subprocess_get_stdout_pipe(scheduler->process)
                    : g_subprocess_get_stderr_pipe(scheduler->process));
    scheduler->n_open++;
    read_line(reader);
}

/* In the new process: end with the parent, whatever ends it. */
static void
die_with_parent(gpointer data)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static GSubprocess *
spawn(const PupSchedulerOptions *options, const PupSchedule *schedule, GError **error)
{
    g_auto(GStrv) more = g_strsplit(schedule->options, " ", -1);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_ptr_array_add(argv, (char *) options->program);
    if (options->config) {
        g_ptr_array_add(argv, (char *) "--config");
        g_ptr_array_add(argv, (char *) options->config);
    }
    g_ptr_array_add(argv, (char *) "room");
    g_ptr_array_add(argv, (char *) "regenerate");
    g_ptr_array_add(argv, (char *) schedule->room);
    for (char **word = more; *word; word++)
        if (**word)
            g_ptr_array_add(argv, *word);
    g_ptr_array_add(argv, NULL);
    g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
    return g_subprocess_launcher_spawnv(launcher, (const char *const *) argv->pdata,
                                        error);
}

static void
begin(PupScheduler *scheduler, const PupSchedule *schedule, gint64 now_ms)
{
    g_autoptr(GError) error = NULL;
    PupScheduleRun run = {.due_ms = schedule->next_ms, .started_ms = now_ms};
    g_strlcpy(run.room, schedule->room, sizeof run.room);
    scheduler->schedule = *schedule;
    scheduler->run = run;
    scheduler->cancellable = g_cancellable_new();
    scheduler->process = spawn(&scheduler->options, schedule, &error);
    if (!scheduler->process) {
        scheduler->run.status = PUP_RUN_NO_STATUS;
        scheduler->last[ERR] = tidy(error->message);
        end_run(scheduler);
        return;
    }
    pup_log(LOG_INFO, "schedule-started", "room", run.room, "late_s",
            PUP_LOG_NUM((now_ms - run.due_ms) / 1000), NULL);
    keep_run(scheduler, &run);
    read_pipe(scheduler, OUT);
    read_pipe(scheduler, ERR);
    g_subprocess_wait_async(scheduler->process, scheduler->cancellable, on_exited,
                            scheduler);
}

static void
miss(PupScheduler *scheduler, const PupSchedule *schedule, gint64 now_ms)
{
    PupScheduleRun run = {
        .due_ms = schedule->next_ms,
        .ended_ms = now_ms,
        .status = PUP_RUN_NO_STATUS,
        .words = (char *) "missed: the server was not ready for it for twelve hours"};
    g_strlcpy(run.room, schedule->room, sizeof run.room);
    pup_log(LOG_WARNING, "schedule-missed", "room", run.room, NULL);
    keep_run(scheduler, &run);
    done(scheduler, schedule);
}

/* TRUE when @schedule is to begin now. */
static gboolean
look_at(PupScheduler *scheduler, const PupSchedule *schedule, gint64 now_ms)
{
    /* Later than it can be: the clock or the time zone was set meanwhile. */
    if (!schedule->once && schedule->next_ms > next_time(schedule, now_ms))
        done(scheduler, schedule);
    if (schedule->next_ms > now_ms)
        return FALSE;
    if (now_ms - schedule->next_ms < PUP_SCHEDULE_LATE_MS)
        return TRUE;
    miss(scheduler, schedule, now_ms);
    return FALSE;
}

void
pup_scheduler_tick(PupScheduler *scheduler)
{
    gint64 now_ms = scheduler->options.now_ms();
    g_autoptr(GError) error = NULL;
    if (scheduler->process)
        return;
    g_autoptr(GArray) all =
        pup_catalog_schedules(scheduler->options.catalog, NULL, &error);
    if (!all)
        log_error(NULL, error);
    for (guint i = 0; all && i < all->len && !scheduler->process; i++) {
        const PupSchedule *schedule = &g_array_index(all, PupSchedule, i);
        if (look_at(scheduler, schedule, now_ms))
            begin(scheduler, schedule, now_ms);
    }
}

void
pup_scheduler_free(PupScheduler *scheduler)
{
    if (!scheduler)
        return;
    if (scheduler->process) {
        g_cancellable_cancel(scheduler->cancellable);
        pup_subprocess_stop(scheduler->process, STOP_WAIT_MS);
        pup_log(LOG_WARNING, "schedule-broken-off", "room", scheduler->run.room, NULL);
    }
    forget_process(scheduler);
    g_free(scheduler);
}
