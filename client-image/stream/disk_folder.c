/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/disk_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "client-image/stream/segment.h"
#include "lib/error.h"
#include "lib/file.h"

#define LOCK "lock"
#define ROOM_MAX_BYTES (G_GUINT64_CONSTANT(64) << 30)
#define RESERVE_PART 20u

/* Take a file's name @entry; FALSE when it does not belong where it is. */
typedef gboolean (*TakeEntry)(const char *entry, GArray *numbers);

static gboolean
take_outer(const char *entry, GArray *numbers)
{
    return strcmp(entry, PUP_DISK_FOLDER_NAME) == 0 || strcmp(entry, "lost+found") == 0;
}

static gboolean
take_inner(const char *entry, GArray *numbers)
{
    guint64 number;

    if (strcmp(entry, LOCK) == 0)
        return TRUE;
    if (strspn(entry, "0123456789abcdef") != PUP_SEGMENT_NUMBER_LEN ||
        strcmp(entry + PUP_SEGMENT_NUMBER_LEN, PUP_SEGMENT_SUFFIX) != 0)
        return FALSE;
    number = g_ascii_strtoull(entry, NULL, 16);
    g_array_append_val(numbers, number);
    return TRUE;
}

static gboolean
look_through(const char *folder, TakeEntry take, GArray *numbers, GError **error)
{
    g_auto(GStrv) entries = pup_file_list(folder, error);

    for (char **entry = entries; entry && *entry; entry++) {
        if (take(*entry, numbers))
            continue;
        pup_error_set(error, PUP_ERROR_DENIED,
                      "'%s' holds '%s', which is not Pupitre's: a cache has its file "
                      "system for itself",
                      folder, *entry);
        return FALSE;
    }
    return entries != NULL;
}

static int
take_lock(const char *path, GError **error)
{
    g_autofree char *lock = g_build_filename(path, LOCK, NULL);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", lock);
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (errno == EWOULDBLOCK)
        pup_error_set(error, PUP_ERROR_BUSY, "another process uses '%s'", path);
    else
        pup_error_set_errno(error, errno, "cannot lock '%s'", lock);
    close(fd);
    return -1;
}

static gint
compare_numbers(gconstpointer a, gconstpointer b)
{
    guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

    return (x > y) - (x < y);
}

gboolean
pup_disk_folder_open(PupDiskFolder *disk, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, PUP_DISK_FOLDER_NAME, NULL);
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
    int fd;

    if (!look_through(folder, take_outer, NULL, error))
        return FALSE;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        pup_error_set_errno(error, errno, "cannot make '%s'", path);
        return FALSE;
    }
    if (!look_through(path, take_inner, numbers, error) ||
        (fd = take_lock(path, error)) < 0)
        return FALSE;
    g_array_sort(numbers, compare_numbers);
    disk->path = g_steal_pointer(&path);
    disk->lock_fd = fd;
    disk->numbers = g_steal_pointer(&numbers);
    return TRUE;
}

void
pup_disk_folder_close(PupDiskFolder *disk)
{
    close(disk->lock_fd);
    g_array_unref(disk->numbers);
    g_free(disk->path);
}

guint64
pup_disk_folder_room(const PupDiskFolder *disk, guint64 used_bytes)
{
    struct statvfs status;
    guint64 total, room;

    if (statvfs(disk->path, &status) != 0)
        return 0;
    total = (guint64) status.f_blocks * status.f_frsize;
    room = (guint64) status.f_bavail * status.f_frsize + used_bytes;
    room -= MIN(room, total / RESERVE_PART);
    return MIN(room, ROOM_MAX_BYTES);
}
