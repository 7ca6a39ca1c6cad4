/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/file.h"

#include "lib/error.h"
#include "lib/failpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* read() until @len bytes are there or the file ends; bytes read, -1 on error. */
static gssize
read_full(int fd, guint8 *buf, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = read(fd, buf + done, len - done);
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        done += (size_t) n;
    }
    return (gssize) done;
}

/* The size is a hint only: a file in /proc has none, another may grow while we read. */
static GByteArray *
read_bounded(int fd, size_t hint_bytes, size_t max_bytes)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    size_t step = MAX(hint_bytes, 4096) + 1;
    for (;;) {
        size_t old = data->len, want = MIN(step, max_bytes + 1 - old);
        g_byte_array_set_size(data, (guint) (old + want));
        gssize n = read_full(fd, data->data + old, want);
        if (n < 0)
            return NULL;
        g_byte_array_set_size(data, (guint) (old + (size_t) n));
        if ((size_t) n < want || data->len > max_bytes)
            return g_steal_pointer(&data);
        step *= 2;
    }
}

/* "a folder", for a message. */
static const char *
kind_of_file(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a folder";
    if (S_ISFIFO(mode))
        return "a pipe";
    return S_ISSOCK(mode) ? "a socket" : "a device";
}

static void
set_no_file(GError **error, const char *path, mode_t mode)
{
    pup_error_set(error, PUP_ERROR_INVALID, "'%s' is %s, not a file", path,
                  kind_of_file(mode));
}

/* A pipe is opened without O_NONBLOCK only when somebody writes to it; a socket not at
 * all. */
int
pup_file_open(const char *path, guint64 *size_bytes, GError **error)
{
    struct stat st = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        int problem = errno;
        if (problem == ENXIO && stat(path, &st) == 0)
            set_no_file(error, path, st.st_mode);
        else
            pup_error_set_errno(error, problem, "cannot open '%s'", path);
        return -1;
    }
    if (fstat(fd, &st) < 0)
        pup_error_set_errno(error, errno, "cannot look at '%s'", path);
    else if (!S_ISREG(st.st_mode))
        set_no_file(error, path, st.st_mode);
    else {
        if (size_bytes)
            *size_bytes = (guint64) st.st_size;
        return fd;
    }
    close(fd);
    return -1;
}

gboolean
pup_file_check_disk(const char *path, GError **error)
{
    struct stat st;
    if (stat(path, &st) < 0 || S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
        return TRUE;
    set_no_file(error, path, st.st_mode);
    return FALSE;
}

static GBytes *
read_open_file(int fd, guint64 size_bytes, const char *path, size_t max_bytes,
               GError **error)
{
    g_autoptr(GByteArray) data = NULL;
    if (size_bytes <= max_bytes) {
        data = read_bounded(fd, (size_t) size_bytes, max_bytes);
        if (!data) {
            pup_error_set_errno(error, errno, "cannot read '%s'", path);
            return NULL;
        }
    }
    if (!data || data->len > max_bytes) {
        pup_error_set(error, PUP_ERROR_INVALID, "'%s' is larger than %zu bytes", path,
                      max_bytes);
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&data));
}

GBytes *
pup_file_read(const char *path, size_t max_bytes, GError **error)
{
    g_return_val_if_fail(max_bytes < G_MAXUINT / 2, NULL);
    guint64 size_bytes;
    int fd = pup_file_open(path, &size_bytes, error);
    if (fd < 0)
        return NULL;
    GBytes *bytes = read_open_file(fd, size_bytes, path, max_bytes, error);
    close(fd);
    return bytes;
}

gboolean
pup_file_is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

gboolean
pup_file_pread(int fd, void *buf, size_t len, off_t offset, const char *what,
               GError **error)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(fd, (guint8 *) buf + done, len - done, offset + (off_t) done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            pup_error_set_errno(error, errno, "cannot read '%s'", what);
            return FALSE;
        }
        if (n == 0) {
            pup_error_set(error, PUP_ERROR_CORRUPT,
                          "'%s' ends at byte %" G_GINT64_FORMAT
                          ", %zu bytes before it should",
                          what, (gint64) offset + (gint64) done, len - done);
            return FALSE;
        }
        done += (size_t) n;
    }
    return TRUE;
}

gboolean
pup_file_pwrite(int fd, const void *buf, size_t len, off_t offset, const char *what,
                GError **error)
{
    const guint8 *next = buf;
    while (len > 0) {
        ssize_t n = pwrite(fd, next, len, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            pup_error_set_errno(error, errno, "cannot write '%s'", what);
            return FALSE;
        }
        next += n;
        offset += n;
        len -= (size_t) n;
    }
    return TRUE;
}

gboolean
pup_file_write(int fd, const void *buf, size_t len, const char *what, GError **error)
{
    const guint8 *next = buf;
    while (len > 0) {
        ssize_t n = write(fd, next, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            pup_error_set_errno(error, errno, "cannot write '%s'", what);
            return FALSE;
        }
        next += n;
        len -= (size_t) n;
    }
    return TRUE;
}

/* Fill the new file @fd and close it, durable. */
static gboolean
fill_and_close(int fd, const char *path, const void *data, size_t len, mode_t mode,
               GError **error)
{
    gboolean ok = pup_failpoint("file-created", error) &&
                  pup_file_write(fd, data, len, path, error) &&
                  pup_failpoint("file-written", error);
    if (ok && (fchmod(fd, mode) < 0 || fsync(fd) < 0)) {
        pup_error_set_errno(error, errno, "cannot write '%s'", path);
        ok = FALSE;
    }
    if (close(fd) < 0 && ok) {
        pup_error_set_errno(error, errno, "cannot write '%s'", path);
        ok = FALSE;
    }
    return ok;
}

gboolean
pup_file_replace(const char *path, const void *data, size_t len, mode_t mode,
                 GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);
    /* The dot keeps a half-written file out of every listing by name. */
    g_autofree char *temporary = g_strdup_printf("%s/.%s.XXXXXX", dir, base);
    int fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        pup_error_set_errno(error, errno, "cannot create '%s'", path);
        return FALSE;
    }
    gboolean ok = fill_and_close(fd, path, data, len, mode, error) &&
                  pup_failpoint("file-synced", error);
    if (ok && rename(temporary, path) < 0) {
        pup_error_set_errno(error, errno, "cannot put '%s' into place", path);
        ok = FALSE;
    }
    if (!ok) {
        unlink(temporary);
        return FALSE;
    }
    return pup_failpoint("file-renamed", error) && pup_file_sync_dir(dir, error) &&
           pup_failpoint("file-in-place", error);
}

gboolean
pup_file_sync_dir(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        pup_error_set_errno(error, errno, "cannot open the folder '%s'", path);
        return FALSE;
    }
    gboolean ok = fsync(fd) == 0;
    if (!ok)
        pup_error_set_errno(error, errno, "cannot sync the folder '%s'", path);
    close(fd);
    return ok;
}

gboolean
pup_file_make_dir(const char *path, GError **error)
{
    if (g_mkdir_with_parents(path, 0755) == 0)
        return TRUE;
    pup_error_set_errno(error, errno, "cannot make the folder '%s'", path);
    return FALSE;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

/* readdir() tells its end from its errors by errno alone. */
static gboolean
list_into(DIR *dir, GPtrArray *names)
{
    const struct dirent *entry;

    for (errno = 0; (entry = readdir(dir)); errno = 0)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            g_ptr_array_add(names, g_strdup(entry->d_name));
    return errno == 0;
}

char **
pup_file_list(const char *path, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    DIR *dir = opendir(path);
    gboolean whole = dir ? list_into(dir, names) : errno == ENOENT;
    int problem = errno;

    if (dir)
        closedir(dir);
    if (!whole) {
        pup_error_set_errno(error, problem, "cannot list the folder '%s'", path);
        return NULL;
    }
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

void
pup_file_remove_tree(const char *path)
{
    g_autoptr(GDir) dir = NULL;
    const char *entry;

    if (unlink(path) == 0)
        return;
    if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK))
        dir = g_dir_open(path, 0, NULL);
    while (dir && (entry = g_dir_read_name(dir))) {
        g_autofree char *inner = g_build_filename(path, entry, NULL);
        pup_file_remove_tree(inner);
    }
    rmdir(path);
}
