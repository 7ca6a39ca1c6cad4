/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * task - a call that takes its time, in a thread; its end in the main context
 *
 * Threads: pup_task_start() and pup_task_end() in the main one.
 */
#pragma once

#include <glib.h>

typedef struct PupTask PupTask;

/* Runs in the thread. */
typedef gboolean (*PupTaskFunc)(gpointer data, GError **error);
/* Runs in the main context afterwards; the task is gone by then. @error: NULL when the
 * call gave TRUE. */
typedef void (*PupTaskDone)(gpointer data, const GError *error);

/* @done may be NULL. */
PupTask *pup_task_start(PupTaskFunc func, PupTaskDone done, gpointer data);

/* Wait for its end and forget it: done is not called. For a task whose done was not
 * called yet; NULL is fine. */
void pup_task_end(PupTask *task);
