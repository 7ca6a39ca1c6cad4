/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flock(2): the kernel gives the lock back whatever ends its holder. Waiting is by
 * looking again, because a sleep inside flock() could not be cancelled.
 */
#include "config.h"
#include "server/store/dir.h"

#include "lib/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define FIRST_PAUSE_MS 5
#define LONGEST_PAUSE_MS 100

/* FALSE when cancelled. */
static gboolean
pause_for(int ms, GCancellable *cancellable)
{
    GPollFD pollfd;
    if (!cancellable || !g_cancellable_make_pollfd(cancellable, &pollfd)) {
        g_usleep((gulong) ms * 1000);
        return !g_cancellable_is_cancelled(cancellable);
    }
    g_poll(&pollfd, 1, ms);
    g_cancellable_release_fd(cancellable);
    return !g_cancellable_is_cancelled(cancellable);
}

/* 0, or an errno: EWOULDBLOCK when the time is over, ECANCELED. */
static int
lock_fd(int fd, int operation, int wait_ms, GCancellable *cancellable)
{
    gint64 deadline = g_get_monotonic_time() + (gint64) wait_ms * 1000;
    int pause_ms = FIRST_PAUSE_MS;
    while (flock(fd, operation | LOCK_NB) < 0) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            return errno;
        if (wait_ms >= 0 && g_get_monotonic_time() >= deadline)
            return EWOULDBLOCK;
        if (!pause_for(pause_ms, cancellable))
            return ECANCELED;
        pause_ms = MIN(2 * pause_ms, LONGEST_PAUSE_MS);
    }
    return 0;
}

/* Where nobody can write, who only reads needs no right to write either, nor the file:
 * its folder will do. */
static int
open_lock(const char *path, int operation)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0 || errno != EROFS || operation != LOCK_SH)
        return fd;
    g_autofree char *folder = g_path_get_dirname(path);
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    return fd >= 0 ? fd : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
pup_dir_lock(const char *path, int operation, int wait_ms, GCancellable *cancellable,
             const char *busy, GError **error)
{
    int fd = open_lock(path, operation);
    if (fd < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", path);
        return -1;
    }
    int errnum = lock_fd(fd, operation, wait_ms, cancellable);
    if (errnum == 0)
        return fd;
    close(fd);
    if (errnum == EWOULDBLOCK)
        pup_error_set(error, PUP_ERROR_BUSY, "%s; try again when it has ended", busy);
    else if (errnum == ECANCELED)
        pup_error_set(error, PUP_ERROR_BUSY, "cancelled while waiting: %s", busy);
    else
        pup_error_set_errno(error, errnum, "cannot lock '%s'", path);
    return -1;
}

int
pup_dir_lock_store(const PupDirStore *store, int operation, int wait_ms,
                   GCancellable *cancellable, GError **error)
{
    g_autofree char *path = g_build_filename(store->path, "lock", NULL);
    const char *busy = operation == LOCK_SH ? "gc, a removal or a repair is running"
                                            : "a publish, gc or fsck is running";
    return pup_dir_lock(path, operation, wait_ms, cancellable, busy, error);
}

int
pup_dir_lock_name(const PupDirStore *store, PupKind kind, const char *name, int wait_ms,
                  GCancellable *cancellable, GError **error)
{
    g_autofree char *folder = pup_dir_versions_path(store, kind, name);
    g_autofree char *path = g_build_filename(folder, "lock", NULL);
    g_autofree char *busy = g_strdup_printf("'%s' is being published", name);
    return pup_dir_lock(path, LOCK_EX, wait_ms, cancellable, busy, error);
}
