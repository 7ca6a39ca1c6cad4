/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Not GTask: the seat has to wait for its threads before it takes away what they use,
 * and GTask's pool gives no handle for that.
 */
#include "config.h"
#include "client-image/seat/task.h"

struct PupTask {
    PupTaskFunc func;
    PupTaskDone done;
    gpointer data;
    GError *error;
    GThread *thread;
    GSource *source;
};

static gboolean
on_over(gpointer data)
{
    PupTask *task = data;
    PupTaskDone done = task->done;
    gpointer done_data = task->data;
    g_autoptr(GError) error = g_steal_pointer(&task->error);

    pup_task_end(task);
    if (done)
        done(done_data, error);
    return G_SOURCE_REMOVE;
}

static gpointer
run(gpointer data)
{
    PupTask *task = data;

    task->func(task->data, &task->error);
    g_source_attach(task->source, NULL);
    return NULL;
}

PupTask *
pup_task_start(PupTaskFunc func, PupTaskDone done, gpointer data)
{
    PupTask *task = g_new0(PupTask, 1);

    task->func = func;
    task->done = done;
    task->data = data;
    task->source = g_idle_source_new();
    g_source_set_priority(task->source, G_PRIORITY_DEFAULT);
    g_source_set_callback(task->source, on_over, task, NULL);
    task->thread = g_thread_new("task", run, task);
    return task;
}

void
pup_task_end(PupTask *task)
{
    if (!task)
        return;
    g_thread_join(task->thread);
    g_source_destroy(task->source);
    g_source_unref(task->source);
    g_clear_error(&task->error);
    g_free(task);
}
