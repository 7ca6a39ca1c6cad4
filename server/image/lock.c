/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"

struct PupLock {
    int fd;
};

PupLock *
pup_lock_take(const PupSettings *settings, const char *kind, const char *name,
              GError **error)
{
    g_autofree char *folder = pup_settings_path(settings, "run");
    g_autofree char *path = g_strdup_printf("%s/%s-%s.lock", folder, kind, name);
    PupLock *lock;
    int fd;

    if (!pup_file_make_dir(folder, error))
        return NULL;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", path);
        return NULL;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            pup_error_set(error, PUP_ERROR_BUSY,
                          "the %s '%s' is being worked on by another pupitre; try again "
                          "when it is done",
                          kind, name);
        else
            pup_error_set_errno(error, errno, "cannot lock '%s'", path);
        close(fd);
        return NULL;
    }
    lock = g_new(PupLock, 1);
    lock->fd = fd;
    return lock;
}

void
pup_lock_free(PupLock *lock)
{
    if (!lock)
        return;
    close(lock->fd);
    g_free(lock);
}
